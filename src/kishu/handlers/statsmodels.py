"""statsmodels: results without what was computed because it was looked at."""

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
