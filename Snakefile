# From raw IL-6 measurements to one report: results/report/index.html.
#   snakemake --cores 8                                           the bundled example (config/config.yaml)
#   snakemake --cores 8 --configfile config/hepatocytes.yaml      published measurements (also: sbc, posterior_sbc, profiles, free_constants)
#   snakemake --workflow-profile profiles/slurm                   on a cluster
from snakemake.utils import min_version

min_version("9.27")


# A configuration with data sets of its own replaces the default; any other --configfile or --config changes it.
if "datasets" not in config:

    configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/settings.smk"
include: "workflow/rules/adopt.smk"
include: "workflow/rules/ingest.smk"
include: "workflow/rules/join.smk"
include: "workflow/rules/problem.smk"
include: "workflow/rules/draw.smk"
include: "workflow/rules/prior.smk"
include: "workflow/rules/fit.smk"
include: "workflow/rules/hold_out.smk"
include: "workflow/rules/sbc.smk"
include: "workflow/rules/diagnose.smk"
include: "workflow/rules/criteria.smk"
include: "workflow/rules/identify.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/freed.smk"
include: "workflow/rules/predict.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        rules.report.output,
        [getattr(rules.report.input, name) for name in SMALL],


# The last thing that a run says of each fit, where it made any; what it made stands, whatever hinders the saying.
onsuccess:
    if any(Path(RESULTS).glob("*/*/problem")):
        shell("il6infer status {RESULTS:q} || true")
