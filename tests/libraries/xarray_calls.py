"""Calls of xarray: labelled arrays over Variables."""

from __future__ import annotations

import numpy as np
import xarray as xr
from table import Area, normal, positive


def labelled(x, *dims):
    """An array with names, and numbers 0, 10, 20, ... along each axis."""
    numbers = [10 * np.arange(n) for n in x.shape]
    return xr.DataArray(x, dims=dims, coords=dict(zip(dims, numbers, strict=True)))


def assigned(x, y):
    """Labelled `x`, a row of which is set."""
    a = labelled(x, "t", "s") * 1.0
    a.loc[{"t": 10}] = y
    return a


call = labels = Area("xarray", globals())
call("(labelled(x, 't', 's') * labelled(y, 's')).data", x=normal(3, 4), y=normal(4), chosen=True)
call("(labelled(x, 't') - labelled(y, 's')).data", x=normal(3), y=normal(4))
call("(1 / labelled(x, 't') ** 2).data", x=positive(4))
call("(-abs(labelled(x, 't'))).data", x=normal(4))
call("(labelled(x, 't') + labelled(y, 't').isel(t=[1, 2])).data", x=normal(4), y=normal(4))
call("labelled(x, 't', 's').sum('t', skipna=False).data", x=normal(3, 4))
call("labelled(x, 't', 's').sum().data", x=normal(3, 4))
call("labelled(x, 't', 's').mean('s', skipna=False).data", x=normal(3, 4), chosen=True)
call("labelled(x, 't', 's').prod('s', skipna=False).data", x=normal(3, 4))
call("labelled(x, 't', 's').max('s', skipna=False).data", x=normal(3, 4))
call("labelled(x, 't', 's').min(skipna=False).data", x=normal(3, 4))
call("labelled(x, 't', 's').argmax('s', skipna=False).data", x=normal(3, 4))
call("(labelled(x, 't') > 0).any().data", x=normal(4))
call("labelled(x, 't', 's').sel(t=20).data", x=normal(3, 4))
call("labelled(x, 't', 's').sel(t=slice(10, 20), s=[0, 30]).data", x=normal(3, 4))
call("labelled(x, 't', 's').isel(t=1).data", x=normal(3, 4))
call("labelled(x, 't', 's').isel(t=[0, 2]).data", x=normal(3, 4))
call("labelled(x, 't').sel(t=11, method='nearest').data", x=normal(3))
call("labelled(x, 't', 's').transpose('s', 't').data", x=normal(3, 4))
call("labelled(x, 't', 's').T.data", x=normal(3, 4))
call("labelled(x, 't').expand_dims(r=2).data", x=normal(3))
call("labelled(x, 't', 's').squeeze().data", x=normal(3, 1))
call("labelled(x, 't', 's').stack(z=('t', 's')).data", x=normal(3, 4))
call("labelled(x, 't', 's').stack(z=('t', 's')).unstack('z').data", x=normal(3, 4))
call("labelled(x, 't').where(labelled(x, 't') > 0, 0.0).data", x=normal(5))
call("labelled(x, 't').where(labelled(x, 't') > 0).fillna(1.0).data", x=normal(5))
call("xr.where(labelled(x, 't') > 0, labelled(x, 't'), labelled(y, 't')).data",
     x=normal(5), y=normal(5))  # fmt: skip
call("xr.concat([labelled(x, 't'), labelled(y, 't')], 'r').data", x=normal(3), y=normal(3))
call("xr.concat([labelled(x, 't'), labelled(y, 't')], 't').data", x=normal(3), y=normal(2))
call("xr.broadcast(labelled(x, 't'), labelled(y, 's'))[0].data", x=normal(3), y=normal(2))
call("labelled(x, 't').clip(-1, 1).data", x=normal(5))
call("labelled(x, 't').roll(t=1).data", x=normal(4))
call("labelled(x, 't').shift(t=1, fill_value=0.0).data", x=normal(4))
call("labelled(x, 't').diff('t').data", x=normal(4))
call("labelled(x * 1, 't').sortby('t', ascending=False).data", x=normal(4))
call("labelled(x, 't').integrate('t').data", x=normal(4))
call("labelled(x, 't').differentiate('t').data", x=normal(4))
call("labelled(x, 't').interp(t=[3, 12]).data", x=normal(4))
call("labelled(x, 't').astype('float32').astype('float64').data", x=normal(4), rtol=1e-2)
call("assigned(x, y).data", x=normal(3, 4), y=normal(4))
call("labelled(x, 't').groupby(xr.DataArray([0, 1, 0], dims='t', name='g')).sum(skipna=False).data",
     x=normal(3))  # fmt: skip
call("xr.polyval(labelled(x, 't'), xr.DataArray(y, dims='degree', coords={'degree': [0, 1, 2]}))"
     ".data", x=normal(4), y=normal(3))  # fmt: skip
call("xr.apply_ufunc(lambda a, b: a @ b, labelled(x, 't', 's'), labelled(y, 's'), "
     "input_core_dims=[['s'], ['s']], output_core_dims=[[]]).data",
     x=normal(3, 4), y=normal(4))  # fmt: skip
call("xr.ufuncs.exp(labelled(x, 't')).data", x=normal(4))
call("xr.ufuncs.arctan2(labelled(x, 't'), labelled(y, 't')).data", x=normal(4), y=normal(4))
call("(xr.Dataset({'u': labelled(x, 't'), 'v': labelled(y, 't')}) ** 2)['v'].sum().data",
     x=normal(4), y=normal(4))  # fmt: skip
call("labelled(x, 't', 's').mean('t').data", x=normal(3, 4))
call("labelled(x, 't', 's').std('t', skipna=False).data", x=normal(3, 4))
call("labelled(x, 't').cumsum('t').data", x=normal(3))
call("labelled(x, 't').rolling(t=2).mean().data", x=normal(4))
call("xr.dot(labelled(x, 't', 's'), labelled(y, 's')).data", x=normal(3, 4), y=normal(4))
call("xr.cov(labelled(x, 't'), labelled(y, 't')).data", x=normal(4), y=normal(4))
call("labelled(x, 't').quantile(0.3).data", x=normal(5))
