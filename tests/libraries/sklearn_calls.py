"""Calls of scikit-learn, with array_api_dispatch."""

# ruff: noqa: F401  (what is imported is for the texts of the calls)
from __future__ import annotations

import numpy as np
from sklearn import (
    covariance,
    decomposition,
    discriminant_analysis,
    kernel_approximation,
    linear_model,
    metrics,
    mixture,
    naive_bayes,
    pipeline,
    preprocessing,
)
from sklearn.metrics import pairwise
from sklearn.utils import extmath
from table import Area, fixed, normal, positive, still

CLASSES = fixed(np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]))


def namespace(x):
    return x.__array_namespace__()


# -- estimators: of data, and of their parameters

call = estimators = Area("scikit-learn: estimators", globals())
call("preprocessing.StandardScaler().fit_transform(X)", X=normal(8, 3), chosen=True)
call("preprocessing.StandardScaler().fit(X).transform(Z)", X=normal(8, 3), Z=normal(4, 3))
call("preprocessing.StandardScaler().fit(X, sample_weight=w).transform(X)",
     X=normal(8, 3), w=positive(8))  # fmt: skip
call("preprocessing.StandardScaler().fit(X).inverse_transform(Z)", X=normal(8, 3), Z=normal(4, 3))
call("preprocessing.MinMaxScaler().fit_transform(X)", X=normal(8, 3))
call("preprocessing.MinMaxScaler().fit(X).inverse_transform(Z)", X=normal(8, 3), Z=normal(4, 3))
call("preprocessing.MaxAbsScaler().fit_transform(X)", X=normal(8, 3))
call("preprocessing.RobustScaler().fit_transform(X)", X=normal(8, 3))
call("preprocessing.Normalizer().fit_transform(X)", X=normal(8, 3))
call("preprocessing.Normalizer(norm='l1').fit_transform(X)", X=normal(8, 3))
call("preprocessing.Normalizer(norm='max').fit_transform(X)", X=normal(8, 3))
call("preprocessing.normalize(X, axis=0)", X=normal(8, 3))
call("preprocessing.scale(X)", X=normal(8, 3))
call("preprocessing.minmax_scale(X)", X=normal(8, 3))
call("preprocessing.maxabs_scale(X)", X=normal(8, 3))
call("preprocessing.Binarizer().fit_transform(X)", X=normal(8, 3))
call("preprocessing.KernelCenterer().fit_transform(K)", K=normal(5, 5))
call("preprocessing.PolynomialFeatures().fit_transform(X)", X=normal(5, 2))
call("preprocessing.PolynomialFeatures(3, interaction_only=True).fit_transform(X)", X=normal(5, 3))
call("preprocessing.PowerTransformer().fit_transform(X)", X=normal(8, 2))
call("preprocessing.QuantileTransformer(n_quantiles=4).fit_transform(X)", X=normal(8, 2))
call("preprocessing.FunctionTransformer(lambda X: X ** 2).fit_transform(X)", X=normal(8, 2))
call("preprocessing.SplineTransformer().fit_transform(X)", X=normal(8, 2))
call("decomposition.PCA(2).fit_transform(X)", X=normal(8, 3), rtol=1e-4, chosen=True)
call("decomposition.PCA(2, svd_solver='full').fit(X).transform(Z)",
     X=normal(8, 3), Z=normal(3, 3), rtol=1e-4)  # fmt: skip
call("decomposition.PCA(2, svd_solver='covariance_eigh').fit(X).transform(Z)",
     X=normal(8, 3), Z=normal(3, 3), rtol=1e-4)  # fmt: skip
call("decomposition.PCA(2, svd_solver='randomized', random_state=0).fit(X).transform(Z)",
     X=normal(8, 3), Z=normal(3, 3), rtol=1e-4)  # fmt: skip
call("decomposition.PCA(2, whiten=True).fit_transform(X)", X=normal(8, 3), rtol=1e-4)
call("decomposition.PCA(2).fit(X).explained_variance_", X=normal(8, 3))
call("decomposition.PCA(2).fit(X).noise_variance_", X=normal(8, 3))
call("decomposition.PCA(2).fit(X).explained_variance_ratio_", X=normal(8, 3))
call("decomposition.PCA(2).fit(X).get_covariance()", X=normal(8, 3))
call("decomposition.PCA(2).fit(X).get_precision()", X=normal(8, 3))
call("decomposition.PCA(2).fit(X).score_samples(Z)", X=normal(8, 3), Z=normal(3, 3))
call("(lambda p: p.inverse_transform(p.transform(Z)))(decomposition.PCA(2).fit(X))",
     X=normal(8, 3), Z=normal(3, 3))  # fmt: skip
call("decomposition.TruncatedSVD(2).fit_transform(X)", X=normal(8, 3))
call("decomposition.IncrementalPCA(2).fit_transform(X)", X=normal(8, 3))
call("decomposition.FactorAnalysis(2).fit_transform(X)", X=normal(8, 3))
call("linear_model.Ridge(solver='svd').fit(X, y).coef_", X=normal(8, 3), y=normal(8), chosen=True)
call("linear_model.Ridge(solver='svd').fit(X, y).predict(Z)",
     X=normal(8, 3), y=normal(8), Z=normal(4, 3))  # fmt: skip
call("linear_model.Ridge(solver='svd', fit_intercept=False).fit(X, Y).coef_",
     X=normal(8, 3), Y=normal(8, 2))  # fmt: skip
call("linear_model.Ridge(solver='svd').fit(X, y, sample_weight=w).coef_",
     X=normal(8, 3), y=normal(8), w=positive(8))  # fmt: skip
call("linear_model.Ridge(solver='cholesky').fit(X, y).coef_", X=normal(8, 3), y=normal(8))
call("linear_model.RidgeCV(alphas=(0.5, 2.0)).fit(X, y).coef_", X=normal(8, 3), y=normal(8))
call("linear_model.LinearRegression().fit(X, y).coef_", X=normal(8, 3), y=normal(8))
call("linear_model.Lasso().fit(X, y).coef_", X=normal(8, 3), y=normal(8))
call("linear_model.LogisticRegression().fit(X, y).coef_", X=normal(12, 3), y=CLASSES)
call("linear_model.PoissonRegressor().fit(X, y).coef_", X=normal(8, 3), y=positive(8))
call("discriminant_analysis.LinearDiscriminantAnalysis().fit(X, y).coef_",
     X=normal(12, 3), y=CLASSES, rtol=1e-4)  # fmt: skip
call("discriminant_analysis.LinearDiscriminantAnalysis().fit(X, y).decision_function(Z)",
     X=normal(12, 3), y=CLASSES, Z=normal(3, 3), rtol=1e-4)  # fmt: skip
call("discriminant_analysis.LinearDiscriminantAnalysis().fit(X, y).predict_proba(Z)",
     X=normal(12, 3), y=CLASSES, Z=normal(3, 3), rtol=1e-4)  # fmt: skip
call("discriminant_analysis.LinearDiscriminantAnalysis().fit(X, y).transform(Z)",
     X=normal(12, 3), y=CLASSES, Z=normal(3, 3), rtol=1e-4)  # fmt: skip
call("naive_bayes.GaussianNB().fit(X, y).predict_log_proba(Z)",
     X=normal(12, 3), y=CLASSES, Z=normal(3, 3), chosen=True)  # fmt: skip
call("naive_bayes.GaussianNB().fit(X, y).predict_joint_log_proba(Z)",
     X=normal(12, 3), y=CLASSES, Z=normal(3, 3))  # fmt: skip
call("naive_bayes.GaussianNB().fit(X, y, w).predict_proba(Z)",
     X=normal(12, 3), y=CLASSES, w=positive(12), Z=normal(3, 3))  # fmt: skip
call("naive_bayes.GaussianNB().fit(X, y).var_", X=normal(12, 3), y=CLASSES)
call("naive_bayes.GaussianNB().fit(X, y).predict(Z)",
     X=normal(12, 3), y=CLASSES, Z=normal(3, 3))  # fmt: skip
for kind in ("full", "tied", "diag", "spherical"):
    call(
        f"mixture.GaussianMixture(2, covariance_type={kind!r}, random_state=0, max_iter=3, "
        f"tol=1e-9, init_params='random').fit(X).score_samples(Z)",
        X=normal(12, 2), Z=normal(3, 2), rtol=1e-3,
    )  # fmt: skip
call(
    "mixture.GaussianMixture(2, random_state=0, max_iter=3, tol=1e-9, init_params='random')"
    ".fit(X).predict_proba(Z)",
    X=normal(12, 2), Z=normal(3, 2), rtol=1e-3,
)  # fmt: skip
call("kernel_approximation.Nystroem(n_components=4, random_state=0).fit(X).transform(Z)",
     X=normal(8, 2), Z=normal(3, 2), rtol=1e-4)  # fmt: skip
call("kernel_approximation.RBFSampler(n_components=4, random_state=0).fit(X).transform(Z)",
     X=normal(8, 2), Z=normal(3, 2))  # fmt: skip
call("covariance.EmpiricalCovariance().fit(X).covariance_", X=normal(8, 3))
call("covariance.LedoitWolf().fit(X).covariance_", X=normal(8, 3))
call("covariance.empirical_covariance(X)", X=normal(8, 3))
call("pipeline.make_pipeline(preprocessing.StandardScaler(), decomposition.PCA(2))"
     ".fit_transform(X)", X=normal(8, 3), rtol=1e-4)  # fmt: skip
call("pipeline.make_pipeline(preprocessing.StandardScaler(), decomposition.PCA(2), "
     "linear_model.Ridge(solver='svd')).fit(X, y).predict(Z)",
     X=normal(8, 3), y=normal(8), Z=normal(4, 3), rtol=1e-4, chosen=True)  # fmt: skip
# Whose column of ones has the singular value 0 once it is centered.
call("pipeline.make_pipeline(preprocessing.MinMaxScaler(), preprocessing.PolynomialFeatures(), "
     "linear_model.Ridge(solver='svd')).fit(X, y).predict(Z)",
     X=normal(8, 2), y=normal(8), Z=normal(4, 2))  # fmt: skip
call("pipeline.make_pipeline(preprocessing.MinMaxScaler(), "
     "preprocessing.PolynomialFeatures(include_bias=False), "
     "linear_model.Ridge(solver='svd')).fit(X, y).predict(Z)",
     X=normal(8, 2), y=normal(8), Z=normal(4, 2))  # fmt: skip
call("pipeline.make_pipeline(preprocessing.StandardScaler(), "
     "kernel_approximation.Nystroem(n_components=4, random_state=0), "
     "linear_model.Ridge(solver='svd')).fit(X, y).predict(Z)",
     X=normal(8, 2), y=normal(8), Z=normal(4, 2), rtol=1e-4)  # fmt: skip
call("extmath.randomized_svd(X, 2, random_state=0)[1]", X=normal(8, 4), rtol=1e-4)
call("extmath.row_norms(X, squared=True)", X=normal(4, 3))
call("extmath.row_norms(X)", X=normal(4, 3))

# -- distances and kernels

call = distances = Area("scikit-learn: distances and kernels", globals())
for name in ("euclidean_distances", "cosine_similarity", "cosine_distances", "linear_kernel",
             "polynomial_kernel", "sigmoid_kernel", "rbf_kernel", "laplacian_kernel",
             "manhattan_distances"):  # fmt: skip
    call(f"pairwise.{name}(X, Y)", X=normal(4, 3), Y=normal(5, 3), chosen=name == "rbf_kernel")
call("pairwise.euclidean_distances(X, Y, squared=True)", X=normal(4, 3), Y=normal(5, 3))
call("pairwise.additive_chi2_kernel(X, Y)", X=positive(4, 3), Y=positive(5, 3))
call("pairwise.chi2_kernel(X, Y)", X=positive(4, 3), Y=positive(5, 3))
for name in ("euclidean", "cosine", "manhattan"):
    call(f"pairwise.paired_{name}_distances(X, Y)", X=normal(4, 3), Y=normal(4, 3))
call("pairwise.pairwise_distances(X, Y, metric='cosine')", X=normal(4, 3), Y=normal(5, 3))
call("pairwise.pairwise_distances(X, Y)", X=normal(4, 3), Y=normal(5, 3))
call("pairwise.pairwise_kernels(X, Y, metric='rbf', gamma=0.3)", X=normal(4, 3), Y=normal(5, 3))
call("pairwise.pairwise_distances_argmin(X, Y)", X=normal(4, 3), Y=normal(5, 3))

# -- metrics

call = scores = Area("scikit-learn: metrics", globals())
for name in ("mean_squared_error", "mean_absolute_error", "root_mean_squared_error",
             "mean_squared_log_error", "root_mean_squared_log_error",
             "mean_absolute_percentage_error", "r2_score", "explained_variance_score",
             "median_absolute_error", "mean_pinball_loss", "d2_absolute_error_score"):  # fmt: skip
    call(f"metrics.{name}(Y, P, multioutput='raw_values')",
         Y=positive(8, 2), P=positive(8, 2), chosen=name == "r2_score")  # fmt: skip
    call(f"metrics.{name}(y, p)", y=positive(8), p=positive(8))
call("metrics.mean_squared_error(Y, P, sample_weight=w, multioutput='raw_values')",
     Y=positive(8, 2), P=positive(8, 2), w=positive(8))  # fmt: skip
for name in ("max_error", "mean_tweedie_deviance", "mean_poisson_deviance",
             "mean_gamma_deviance", "d2_tweedie_score", "d2_pinball_score"):  # fmt: skip
    call(f"metrics.{name}(y, p)", y=positive(8), p=positive(8))
call("metrics.log_loss(t, P / namespace(P).sum(P, axis=1, keepdims=True))",
     t=CLASSES, P=positive(12, 3))  # fmt: skip
call("metrics.brier_score_loss(t, p)", t=fixed([0, 1, 1, 0]), p=fixed([0.1, 0.6, 0.8, 0.3]))
call("metrics.accuracy_score(t, t)", t=CLASSES)
call("metrics.roc_auc_score(t, s)", t=fixed([0, 1, 1, 0, 1]), s=normal(5))
call("metrics.roc_curve(t, s)", t=fixed([0, 1, 1, 0, 1]), s=normal(5))
call("metrics.hinge_loss(t, s)", t=fixed([0, 1, 1, 0, 1]), s=normal(5))
call("metrics.ndcg_score(t, s)", t=still(positive(2, 5)), s=normal(2, 5))
call("metrics.silhouette_score(X, t)", X=normal(12, 2), t=CLASSES)
call("metrics.calinski_harabasz_score(X, t)", X=normal(12, 2), t=CLASSES)
call("metrics.davies_bouldin_score(X, t)", X=normal(12, 2), t=CLASSES)
