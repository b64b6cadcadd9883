"""Filters: one pure function per file that makes one picture of another.

`SALON_EFFECTS_FILTERS` names those that every frame goes through, in order, as `module:function`. To write one of your
own, see `interface.py` and `examples/custom-filter`.
"""
