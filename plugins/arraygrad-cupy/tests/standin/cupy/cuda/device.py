from cupy.cuda import Device

__all__ = ["Device"]
