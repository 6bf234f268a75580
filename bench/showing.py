# SPDX-License-Identifier: Apache-2.0
"""The tables of the programs about isolation: one line a service, load and number of imports."""
from harness import report
from pairs import shown


def lines_of(results):
    """Rows (name, value, remark) for harness.report, from {load: {imports: {service: summary}}}."""
    rows = []
    for load, by_imports in results.items():
        for imports, by_service in by_imports.items():
            for service, found in by_service.items():
                for part, figures in found["parts"].items():
                    name = f"{service}, {load} {part}, {imports} imports"
                    with_imports = [figures[q]["with_imports"] for q in ("p50", "p95", "p99", "p99.9")]
                    value = "/".join(f"{one['median']:.2f}" if one else "-" for one in with_imports)
                    failed = figures["failed"]["with_imports"] + figures["failed"]["idle"]
                    rows.append((name, value + " ms",
                                 f"p99 x {shown(figures['p99']['ratio'])}, rate x {shown(figures['mb_per_s']['ratio'])}"
                                 + (f", {failed} FAILED" if failed else "")))
                if found["share_used"]:
                    rows.append((f"{service}, {load}, {imports} imports fetch",
                                 f"{found['import_mb_per_s']['median']:.0f} MB/s",
                                 f"alone {found['imports_alone_mb_per_s']['median']:.0f} MB/s, used "
                                 f"{shown(found['share_used'])} of what serving leaves"))
                problems = sorted({name for pair in found["pairs"] for name in pair["problems_of_imports"]})
                if problems:
                    rows.append((f"{service}, {load}, {imports} imports", "FAILED", "; ".join(problems)[:300]))
                rows.append((f"{service}, {load}, {imports} imports, pairs",
                             f"{found['pairs_believed']} of {found['pairs_measured']}",
                             f"{found['machine']}; others at most {found['foreign']:.1%}, steal {found['steal']:.1%}"))
    return rows


def show(question, figures, results):
    print("\np50/p95/p99/p99.9 are those with imports, medians over pairs; 'x' are ratios to serving alone with the 95 % "
          "interval of their median. 0 imports: serving alone against itself, the noise of this machine.")
    report(question, {**figures, "results": results}, lines_of(results))
