"""Name what statsmodels' results keep of what was read of them, which is not state."""

from kishu.handlers.typeinfo import Library, know

know(
    Library(
        ("statsmodels",),
        cached_properties=frozenset({"CachedProperty", "CachedAttribute", "cache_readonly"}),
        leaves={
            "statsmodels.base.model.Results": (
                "diagn", "_nobs_int", "_summary_cache", "_summary_statistics_cache",
            ),
        },
    )
)  # fmt: skip
