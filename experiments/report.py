"""Makes tables and figures anew from the measured rows of a folder; trains nothing.

python experiments/report.py [--out reports]
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that the script runs from a checkout as it is

from experiments.errata import AS_RUN, folder  # noqa: E402 - after the line above
from experiments.outputs import Outputs  # noqa: E402
from keras_vsr.errors import InputError  # noqa: E402
from keras_vsr.reporting import (  # noqa: E402
    errata,
    figures,
    figures_errata,
    flow,
    panels,
    published_weights,
    tables,
    verdicts,
)

COMMITTED = ROOT / "reports"
PUBLISHED = COMMITTED / "published"


def main(arguments: list[str] | None = None) -> int:
    """The program.

    Returns:
        Exit status: 0, or 2 where the rows cannot be used.
    """
    parser = argparse.ArgumentParser(description="Make tables and figures from measured rows.")
    parser.add_argument("--out", type=Path, default=COMMITTED, metavar="DIR")
    parser.add_argument("--reference", type=Path, metavar="DIR", help="published weights and logs")
    options = parser.parse_args(arguments)
    try:
        outputs = Outputs(options.out, "report")
        with outputs.drawing():
            report(outputs, options.reference)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def report(outputs: Outputs, reference: Path | None = None) -> None:
    """Tables and figures from the rows of all backends and studies in the folder.

    Args:
        outputs: The folder.
        reference: Folder of the published logs, whose curves are drawn where it is there.
    """
    print("tables and figures ...", file=sys.stderr, flush=True)
    measured = outputs.measured
    log = _there(reference, "2019/training_logs.csv")
    picture = _there(reference, "2019/pictures/climate_enlarged_as_run.png")
    if outputs.folder.resolve() == COMMITTED:
        picture = None  # a curve is numbers; the picture is its authors' and is not committed
    compared = bool(tables.measured_backends(measured))
    if compared:
        tables.write_tables(measured, PUBLISHED, outputs.tables)
        figures.write_figures(measured, outputs.figures)
        panels.write_panels(measured, outputs.figures)
        as_run = outputs.folder / folder(AS_RUN) / "measured"
        verdicts.write_verdicts(measured, as_run, PUBLISHED, outputs.tables)
    published_weights.write_published_weights(measured, outputs.tables)
    flow.write_flow(measured, outputs.tables, outputs.figures)
    errata.write_errata(measured, PUBLISHED, outputs.tables)
    errata.write_errata(measured, PUBLISHED, outputs.tables, "errata_clip")
    figures_errata.write_errata_cost(measured, PUBLISHED, outputs.figures)
    figures_errata.write_errata_e2_gap(measured, outputs.figures)
    figures_errata.write_errata_e1_sheared(measured, outputs.figures, picture)
    figures_errata.write_table4_curve(measured, PUBLISHED, outputs.figures, log)
    if compared:
        print(tables.summary(outputs.tables))
    print(f"\nrows     {measured}\ntables   {outputs.tables}\nfigures  {outputs.figures}")


def _there(reference: Path | None, name: str) -> Path | None:
    """A file of the published ones, or None where it is not there."""
    path = reference / name if reference else None
    return path if path and path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
