"""Networks of the suite, narrower and shallower than published, so that they run soon."""

from keras_vsr.models import build

SMALL = {
    "srcnn": {"filters": (4, 3), "kernels": (5, 1, 3)},
    "fsrcnn": {"d": 4, "s": 3, "m": 2},
    "fsrcnn_2019": {"filters": 4, "mapping_filters": 3, "upscale_filters": 3},
    "fsrcnn_2019_prelu": {"filters": 4, "mapping_filters": 3, "upscale_filters": 3},
    "espcn": {"filters": (4, 3, 3)},
    "srnet3d": {"filters": 4, "mapping_filters": 3},
    "srnet3d_early": {"same_layers": 2, "filters": 3},
    "kim_3dsrnet": {"filters": 3},
    "parallel5": {
        "filters_2d": 3,
        "filters_3d": 3,
        "wide_filters": 3,
        "upscale_filters": 3,
        "recursions_2d": 1,
        "recursions_3d": 1,
        "data_range": None,
    },
    "delta": {
        "filters": 3,
        "stem_filters": 3,
        "upscale_filters": 3,
        "filters_3d": 3,
        "wide_filters_3d": 3,
        "recursions_2d": 1,
        "recursions_3d": 1,
    },
}
PARTS = {
    "2d_then_3d": {"two_d": "fsrcnn_2019", "three_d": "srnet3d"},
    "two_in_one": {"two_d": "fsrcnn_2019", "three_d": "srnet3d"},
    "3d_then_2d": {"two_d": "srcnn", "three_d": "srnet3d"},
}


def small_network(name, *, residual=False, **arguments):
    """A network of `NETWORKS` by name; further arguments replace the small ones."""
    inside = {
        part: small_network(other, residual=residual) for part, other in PARTS.get(name, {}).items()
    }
    return build(name, residual=residual, **{**SMALL.get(name, {}), **inside, **arguments})
