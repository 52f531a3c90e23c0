"""Calls of scipy.stats."""

# ruff: noqa: F401  (what is imported is for the texts of the calls)
from __future__ import annotations

import numpy as np
import scipy.stats as stats
from table import Area, fixed, given, normal, positive, uniform

call = Area("scipy.stats", globals())


def namespace(x):
    return x.__array_namespace__()


# Descriptive statistics.
call("stats.gmean(x)", x=positive(6))
call("stats.gmean(x, weights=w)", x=positive(6), w=positive(6))
call("stats.gmean(x, axis=1)", x=positive(3, 5))
call("stats.hmean(x)", x=positive(6))
call("stats.hmean(x, weights=w)", x=positive(6), w=positive(6))
call("stats.pmean(x, 3)", x=positive(6))
call("stats.pmean(x, 2.5, weights=w)", x=positive(6), w=positive(6))
call("stats.gstd(x)", x=positive(6))
call("stats.gzscore(x)", x=positive(6))
call("stats.skew(x)", x=normal(8), chosen=True)
call("stats.skew(x, bias=False)", x=normal(8))
call("stats.skew(x, axis=1)", x=normal(3, 6))
call("stats.kurtosis(x)", x=normal(8))
call("stats.kurtosis(x, bias=False, fisher=False)", x=normal(8))
call("stats.moment(x, order=3)", x=normal(8))
call("stats.moment(x, order=2, center=0.5)", x=normal(8))
call("stats.moment(x, order=[2, 3, 4])", x=normal(8))
call("stats.variation(x)", x=positive(6))
call("stats.variation(x, ddof=1)", x=positive(6))
call("stats.zscore(x)", x=normal(6), chosen=True)
call("stats.zscore(x, axis=1, ddof=1)", x=normal(3, 5))
call("stats.zmap(x, y)", x=normal(5), y=normal(6))
call("stats.sem(x)", x=normal(6))
call("stats.sem(x, axis=1)", x=normal(3, 5))
call("stats.tmean(x)", x=normal(6))
call("stats.tmean(x, limits=(-1, 1))", x=normal(8))
call("stats.tvar(x, limits=(-1, 1))", x=normal(8), chosen=True)
call("stats.tstd(x, limits=(-1, 1))", x=normal(8))
call("stats.tsem(x, limits=(-1, 1))", x=normal(8))
call("stats.tmin(x, lowerlimit=-0.5)", x=normal(8))
call("stats.tmax(x, upperlimit=0.5)", x=normal(8))
call("stats.trim_mean(x, 0.2)", x=normal(10))
call("stats.sigmaclip(x, 2.0, 2.0)", x=normal(10))
call("stats.kstat(x, 2)", x=normal(8))
call("stats.kstat(x, 4)", x=normal(8))
call("stats.kstatvar(x, 1)", x=normal(8))
call("stats.kstatvar(x, 2)", x=normal(8))
call("stats.lmoment(x)", x=normal(8))
call("tuple(stats.describe(x))[1]", x=normal(8))
call("tuple(stats.describe(x))[2:]", x=normal(8))
call("stats.expectile(x, 0.3)", x=normal(8))
call("stats.mode(x).mode", x=normal(6))
call("stats.iqr(x)", x=normal(9))
call("stats.iqr(x, scale='normal')", x=normal(9))
call("stats.median_abs_deviation(x)", x=normal(9))
call("stats.quantile(x, 0.3)", x=normal(9), chosen=True)
call("stats.quantile(x, p)", x=normal(9), p=fixed([0.2, 0.55, 0.8]))
call("stats.quantile(x, p)", x=normal(9), p=given([0.23, 0.52, 0.81]))
call("stats.quantile(x, 0.3, method='hazen')", x=normal(9))
call("stats.quantile(x, 0.3, method='harrell-davis')", x=normal(9))
call("stats.scoreatpercentile(x, 30)", x=normal(9))
call("stats.circmean(x)", x=uniform(0.2, 2.5, 6), chosen=True)
call("stats.circvar(x)", x=uniform(0.2, 2.5, 6))
call("stats.circstd(x)", x=uniform(0.2, 2.5, 6))
call("stats.directional_stats(x).mean_direction", x=normal(5, 3))
call("stats.directional_stats(x).mean_resultant_length", x=normal(5, 3))
call("stats.order_statistic(stats.Normal(), r=2, n=5).mean()")
call("stats.entropy(p)", p=positive(5))
call("stats.entropy(p, q)", p=positive(5), q=positive(5), chosen=True)
call("stats.entropy(p, base=2.0, axis=1)", p=positive(3, 5))
call("stats.differential_entropy(x)", x=normal(12))
call("stats.differential_entropy(x, method='ebrahimi')", x=normal(12))
call("stats.boxcox_llf(0.7, x)", x=positive(6))
call("stats.yeojohnson_llf(0.7, x)", x=normal(6))
call("stats.boxcox(x, 0.7)", x=positive(6))
call("stats.yeojohnson(x, 0.7)", x=normal(6))
call("stats.rankdata(x)", x=normal(6))
call("stats.false_discovery_control(p)", p=uniform(0.01, 0.9, 5))
call("stats.wasserstein_distance(x, y)", x=normal(5), y=normal(5))
call("stats.energy_distance(x, y)", x=normal(5), y=normal(5))
call("stats.binned_statistic(x, y, bins=3).statistic", x=normal(8), y=normal(8))
call("stats.percentileofscore(x, 0.1)", x=normal(8))
call("stats.obrientransform(x, y)", x=normal(5), y=normal(5))

# Tests: statistics and p-values.
for result in ("statistic", "pvalue"):
    pick = {"chosen": result == "pvalue"}
    call(f"stats.ttest_1samp(x, 0.1).{result}", x=normal(8), **pick)
    call(f"stats.ttest_1samp(x, m, axis=1).{result}", x=normal(3, 8), m=normal(3, 1))
    call(f"stats.ttest_ind(x, y).{result}", x=normal(8), y=normal(6), **pick)
    # Of which the degrees of freedom depend on the data.
    call(f"stats.ttest_ind(x, y, equal_var=False).{result}", x=normal(8), y=normal(6), **pick)
    call(
        f"stats.ttest_ind_from_stats(m, s, 8, k, t, 6, equal_var=False).{result}",
        m=normal(3), s=positive(3), k=normal(3), t=positive(3),
    )  # fmt: skip
    call(f"stats.ttest_ind(x, y, alternative='less').{result}", x=normal(8), y=normal(6))
    call(f"stats.ttest_rel(x, y).{result}", x=normal(8), y=normal(8))
    call(
        f"stats.ttest_ind_from_stats(m, s, n, k, t, n).{result}",
        m=normal(3), s=positive(3), n=fixed([8.0, 9.0, 7.0]), k=normal(3), t=positive(3),
    )  # fmt: skip
    call(f"stats.pearsonr(x, y).{result}", x=normal(8), y=normal(8), **pick)
    call(f"stats.spearmanrho(x, y).{result}", x=normal(8), y=normal(8))
    call(f"stats.chatterjeexi(x, y).{result}", x=normal(8), y=normal(8))
    call(f"stats.bartlett(x, y).{result}", x=normal(8), y=normal(6))
    call(f"stats.levene(x, y).{result}", x=normal(8), y=normal(6))
    call(f"stats.fligner(x, y).{result}", x=normal(8), y=normal(6))
    call(f"stats.mood(x, y).{result}", x=normal(8), y=normal(6))
    call(f"stats.ansari(x, y).{result}", x=normal(8), y=normal(6))
    call(f"stats.kruskal(x, y).{result}", x=normal(8), y=normal(6))
    call(f"stats.friedmanchisquare(x, y, z).{result}", x=normal(6), y=normal(6), z=normal(6))
    call(f"stats.f_oneway(x, y, z).{result}", x=normal(6), y=normal(6), z=normal(6))
    call(f"stats.alexandergovern(x, y, z).{result}", x=normal(6), y=normal(6), z=normal(6))
    call(f"stats.mannwhitneyu(x, y).{result}", x=normal(8), y=normal(6))
    call(f"stats.wilcoxon(x, y).{result}", x=normal(8), y=normal(8))
    call(f"stats.brunnermunzel(x, y).{result}", x=normal(8), y=normal(6))
    call(f"stats.cramervonmises(x, 'norm').{result}", x=normal(8))
    call(f"stats.cramervonmises_2samp(x, y).{result}", x=normal(8), y=normal(6))
    call(f"stats.epps_singleton_2samp(x, y).{result}", x=normal(8), y=normal(8))
    call(f"stats.ks_1samp(x, stats.norm.cdf).{result}", x=normal(8))
    call(f"stats.ks_2samp(x, y).{result}", x=normal(8), y=normal(6))
    call(f"stats.jarque_bera(x).{result}", x=normal(12), **pick)
    call(f"stats.skewtest(x).{result}", x=normal(12))
    call(f"stats.kurtosistest(x).{result}", x=normal(24))
    call(f"stats.normaltest(x).{result}", x=normal(24))
    call(f"stats.shapiro(x).{result}", x=normal(8))
    call(f"stats.chisquare(x, x * 0 + namespace(x).mean(x)).{result}", x=positive(6))
    call(f"stats.chisquare(x).{result}", x=uniform(5, 9, 6))
    call(f"stats.power_divergence(x, lambda_='log-likelihood').{result}", x=uniform(5, 9, 6))
    call(f"stats.power_divergence(x, lambda_=0.5).{result}", x=uniform(5, 9, 6))
    call(f"stats.combine_pvalues(p).{result}", p=uniform(0.05, 0.9, 5))
    call(f"stats.combine_pvalues(p, method='stouffer').{result}", p=uniform(0.05, 0.9, 5))
    call(f"stats.combine_pvalues(p, method='pearson').{result}", p=uniform(0.05, 0.9, 5))
    call(f"stats.combine_pvalues(p, method='tippett').{result}", p=uniform(0.05, 0.9, 5))
    call(f"stats.linregress(x, y).{'slope' if result == 'statistic' else 'pvalue'}",
         x=normal(8), y=normal(8))  # fmt: skip
    call(f"stats.kendalltau(x, y).{result}", x=normal(8), y=normal(8))
    call(f"stats.tukey_hsd(x, y).{result}", x=normal(8), y=normal(8))

# Confidence intervals, resampling.
call("stats.ttest_1samp(x, 0.1).confidence_interval()", x=normal(8))
call("stats.ttest_ind(x, y).confidence_interval()", x=normal(8), y=normal(6))
call("stats.ttest_ind(x, y, equal_var=False).confidence_interval()", x=normal(8), y=normal(6))
call("stats.pearsonr(x, y).confidence_interval()", x=normal(8), y=normal(8))
call(
    "stats.bootstrap((x,), lambda x, axis: namespace(x).mean(x, axis=axis), n_resamples=20, "
    "method='basic', rng=1).standard_error",
    x=normal(8),
)
call(
    "stats.bootstrap((x,), lambda x, axis: namespace(x).mean(x, axis=axis), n_resamples=20, "
    "method='percentile', rng=1).confidence_interval",
    x=normal(8),
)
call(
    "stats.monte_carlo_test(x, lambda size: namespace(x).zeros(size), "
    "lambda x, axis: namespace(x).mean(x, axis=axis), n_resamples=3).statistic",
    x=normal(8),
)
call(
    "stats.permutation_test((x, y), lambda x, y, axis: namespace(x).mean(x, axis=axis) - "
    "namespace(x).mean(y, axis=axis), n_resamples=20, rng=1).statistic",
    x=normal(6), y=normal(6),
)  # fmt: skip

# Distributions.
call("stats.norm.logpdf(x)", x=normal(5))
call("stats.multivariate_normal.logpdf(x, m)", x=normal(3), m=normal(3))
call("stats.gaussian_kde(x).logpdf(y)", x=normal(8), y=normal(3))
call("stats.Normal(mu=m, sigma=s).logpdf(x)", x=normal(4), m=normal(4), s=positive(4))
call("stats.Normal(mu=m, sigma=s).entropy()", m=normal(4), s=positive(4))
call("stats.contingency.expected_freq(x)", x=positive(3, 4))
call("stats.contingency.association(x)", x=fixed(np.array([[10, 20], [30, 25]])))
