"""Every exception and warning of arraygrad; each is also the one a caller would expect.

    ArraygradError
    |-- ConfigError            (ValueError)    a setting is unknown or has a wrong value
    |-- BackendError
    |   |-- UnknownBackendError     (LookupError)   no backend of that name is registered
    |   |-- BackendUnavailableError (RuntimeError)  registered, but it cannot run here
    |   `-- MixedBackendError       (TypeError)     one call got arrays of two libraries or devices
    |-- OpError
    |   |-- ShapeError         (ValueError)    shapes do not fit the op
    |   |-- DtypeError         (TypeError)     a type or dtype does not fit the op
    |   |-- ArgumentError      (ValueError)    a parameter of the call is out of its range
    |   |-- MatrixError        (LinAlgError)   a matrix is singular, not positive definite, ...
    |   `-- AxisIndexError     (IndexError)    an axis or an index is out of bounds
    |-- GradientError          (RuntimeError)  a gradient cannot be computed, or would be lost
    |   |-- GradientShapeError (ValueError)    a rule gave a gradient that does not fit
    |   `-- NonFiniteError     (FloatingPointError)  a gradient is nan or infinite
    |-- KernelError            (RuntimeError)  a plugin's kernel gave what its op does not give
    |-- NoDataError            (ValueError)    a Variable has no data yet
    |-- RegistryError
    |   |-- UnknownNameError   (LookupError)   nothing of that name is registered
    |   |-- AmbiguousNameError (LookupError)   several plugins provide that name
    |   `-- ClashError         (ValueError)    one id registered twice
    |-- PluginError            (RuntimeError)  a plugin cannot be loaded (strict mode)
    |   `-- PluginUnavailableError               what a plugin needs is not here
    |-- LayerError             (ValueError)    a layer, model or optimizer is used wrongly
    |-- DatasetError           (ValueError)    a data set or a loader is used wrongly
    |-- DownloadError          (OSError)       a file cannot be downloaded, or is another one
    |-- WeightsError           (ValueError)    a weights file does not fit, or cannot be read
    |-- DrawingError           (RuntimeError)  a picture of a graph cannot be made
    `-- RunError               (ValueError)    a training run cannot be started, resumed or read

    ArraygradWarning           (UserWarning)
    |-- LostGradientWarning    a Python number was made of a tracked Variable, if asked for
    `-- PluginWarning          some installed plugins could not be loaded

A message says who found the error, what it got, what it expected and what to do, in that order.
"""

from numpy.linalg import LinAlgError


class ArraygradError(Exception):
    """The root of all errors that arraygrad raises itself."""


class ConfigError(ArraygradError, ValueError):
    """A setting is unknown or has a wrong value; the message names where it was read."""


class BackendError(ArraygradError):
    """An array library cannot do what was asked."""


class UnknownBackendError(BackendError, LookupError):
    """No backend of that name is registered."""


class BackendUnavailableError(BackendError, RuntimeError):
    """The backend is registered but cannot run here; the message gives its reason."""


class MixedBackendError(BackendError, TypeError):
    """One call got arrays of two array libraries, or of two devices."""


class OpError(ArraygradError):
    """An op was called with arguments that it cannot take."""


class ShapeError(OpError, ValueError):
    """The shapes of the arguments do not fit the op."""


class DtypeError(OpError, TypeError):
    """The type or dtype of an argument does not fit the op."""


class ArgumentError(OpError, ValueError):
    """A parameter of the call is outside of what the op takes."""


class MatrixError(OpError, LinAlgError):
    """There is no result for this matrix: it is singular, not positive definite, or the like."""


class AxisIndexError(OpError, IndexError):
    """An axis or an index is out of bounds."""


class GradientError(ArraygradError, RuntimeError):
    """A gradient cannot be computed, or the call would lose it silently."""


class GradientShapeError(GradientError, ValueError):
    """A rule or a backward method returned gradients of a wrong number, shape or type."""


class NonFiniteError(GradientError, FloatingPointError):
    """A gradient has elements that are nan or infinite."""


class KernelError(ArraygradError, RuntimeError):
    """A plugin's kernel gave a result of another shape, dtype or library than its op does."""


class NoDataError(ArraygradError, ValueError):
    """The Variable was made with None and has no data yet."""


class RegistryError(ArraygradError):
    """A name cannot be registered or found."""


class UnknownNameError(RegistryError, LookupError):
    """Nothing of that name is registered; the message suggests near names."""


class AmbiguousNameError(RegistryError, LookupError):
    """Several plugins provide that short name; the message gives their full ids."""


class ClashError(RegistryError, ValueError):
    """One id was registered twice."""


class PluginError(ArraygradError, RuntimeError):
    """An installed plugin cannot be loaded; raised only in strict mode."""


class PluginUnavailableError(PluginError):
    """What a plugin needs is not here: raised by a hook, it makes no warning."""


class LayerError(ArraygradError, ValueError):
    """A layer, a model or an optimizer is used wrongly."""


class DatasetError(ArraygradError, ValueError):
    """A data set or a data loader is used wrongly, or cannot be read."""


class DownloadError(ArraygradError, OSError):
    """A file cannot be downloaded, or is not the one whose checksum is known."""


class WeightsError(ArraygradError, ValueError):
    """A weights file does not fit the model, or cannot be read or written."""


class DrawingError(ArraygradError, RuntimeError):
    """A picture of a graph cannot be made here; the message says what to install."""


class RunError(ArraygradError, ValueError):
    """A training run cannot be started, resumed or read, or it went astray."""


class ArraygradWarning(UserWarning):
    """The root of all warnings of arraygrad."""


class LostGradientWarning(ArraygradWarning):
    """A Python number was made of a tracked Variable; see Config.warn_lost_gradients."""


class PluginWarning(ArraygradWarning):
    """Some installed plugins could not be loaded."""
