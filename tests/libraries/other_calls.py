"""Calls of array-api-extra and einops."""

# ruff: noqa: F401  (what is imported is for the texts of the calls)
from __future__ import annotations

import array_api_extra as xpx
import einops
import einops.array_api
from table import Area, fixed, normal, positive

import arraygrad.einops  # and einops knows Variables


def namespace(x):
    return x.__array_namespace__()


call = extra = Area("array-api-extra", globals())
call("xpx.at(x)[1:3].set(y, copy=True)", x=normal(5), y=normal(2), chosen=True)
call("xpx.at(x)[1:3].add(y, copy=True)", x=normal(5), y=normal(2))
call("xpx.at(x)[1:3].subtract(y, copy=True)", x=normal(5), y=normal(2))
call("xpx.at(x)[1:3].multiply(y, copy=True)", x=normal(5), y=normal(2))
call("xpx.at(x)[1:3].divide(y, copy=True)", x=normal(5), y=positive(2))
call("xpx.at(x)[1:3].power(y, copy=True)", x=positive(5), y=normal(2))
call("xpx.at(x)[1:3].min(y, copy=True)", x=normal(5), y=normal(2))
call("xpx.at(x)[1:3].max(y, copy=True)", x=normal(5), y=normal(2))
call("xpx.at(x, x > 0).set(0.5, copy=True)", x=normal(5))
call("xpx.at(x * 1, x > 0).multiply(3.0)", x=normal(5))
call("xpx.apply_where(x > 0, x, lambda x: namespace(x).log(x), lambda x: x ** 2)", x=normal(6))
call("xpx.apply_where(x > 0, (x, y), lambda x, y: x / y, fill_value=0.0)", x=normal(6), y=normal(6))
call("xpx.atleast_nd(x, ndim=3)", x=normal(4))
call("xpx.broadcast_shapes((2, 1), (3,))")
call("xpx.cov(x)", x=normal(3, 6))
call("xpx.create_diagonal(x)", x=normal(4))
call("xpx.create_diagonal(x, offset=1)", x=normal(4))
call("xpx.expand_dims(x, axis=(0, 2))", x=normal(4))
call("xpx.kron(x, y)", x=normal(2, 2), y=normal(2, 3))
call("xpx.nunique(x)", x=normal(4))
call("xpx.one_hot(i, 3)", i=fixed([0, 2, 1]))
call("xpx.pad(x, 2, constant_values=0.5)", x=normal(3, 3))
call("xpx.sinc(x)", x=normal(5))
call("xpx.sinc(x)", x=fixed([0.0, 0.5]))
call("xpx.isclose(x, x)", x=normal(4))
call("xpx.setdiff1d(x, y)", x=normal(4), y=normal(3))
call("xpx.argpartition(x, 2)", x=normal(6))
call("xpx.partition(x, 2)", x=normal(6))
call("xpx.angle(x)", x=normal(4))
call("xpx.nan_to_num(x)", x=normal(4))
call("xpx.isin(x, y)", x=normal(4), y=normal(4))
call("xpx.unravel_index(i, (2, 3))", i=fixed([0, 4]))
call("xpx.lazy_apply(lambda x: x * 2, x)", x=normal(4))
call("xpx.default_dtype(namespace(x)) and xpx.cov(x)", x=normal(2, 5))

call = einsteins = Area("einops", globals())
call("einops.rearrange(x, 'b h w -> b (w h)')", x=normal(2, 3, 4), chosen=True)
call("einops.rearrange([x, y], 'b h w -> h (b w)')", x=normal(3, 4), y=normal(3, 4))
call("einops.reduce(x, 'b (h a) w -> b h w', 'mean', a=2)", x=normal(2, 4, 3))
call("einops.reduce(x, 'b h w -> b', 'max')", x=normal(2, 4, 3))
call("einops.reduce(x, 'b h w -> b', 'prod')", x=normal(2, 2, 3))
call("einops.repeat(x, 'h w -> (h r) w', r=2)", x=normal(2, 3))
call("einops.einsum(x, y, 'b i j, b j k -> b i k')", x=normal(2, 3, 4), y=normal(2, 4, 2))
call("einops.pack([x, y], 'b *')[0]", x=normal(2, 3), y=normal(2, 2, 2))
call("einops.unpack(x, [(3,), (2, 2)], 'b *')", x=normal(2, 7))
call("einops.array_api.rearrange(x, 'b h w -> b (w h)')", x=normal(2, 3, 4))
call("einops.array_api.reduce(x, 'b h w -> h', 'sum')", x=normal(2, 3, 4))
call("einops.array_api.repeat(x, 'h w -> (h r) w', r=2)", x=normal(2, 3))
call("einops.array_api.pack([x, y], 'b *')[0]", x=normal(2, 3), y=normal(2, 2, 2))
