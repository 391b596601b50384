# Configuration and what all stages share.
#
# Requires: `config` (schema: workflow/schemas/config.schema.yaml).
# Provides: RESULTS, LOGS, BENCHMARKS, CLAIMS and PREDICTIONS (file, or none), CLAIMED and PREDICTED (what it says), DATASETS (name -> settings), PETAB (name -> files), SOURCE (rule -> digest of the code that it runs),
#           PARTS (stage -> what it reads of the configuration), wildcard constraints, input functions.
import os
import re
import sys
from pathlib import Path

from snakemake.logging import logger

from il6infer._run_lock import free, sign
from il6infer.configuration.check import check_config, library_of
from il6infer.configuration.configuration import as_keys
from il6infer.configuration.comparing import left_out_of, wants_evidence
from il6infer.configuration.raw import named_files, truth_of
from il6infer.configuration.readouts import check_readouts
from il6infer.configuration.hold_out import fitted, held_out_of
from il6infer.configuration.joint import cell_of, members_of
from il6infer.configuration.load import cells_of_held_out, constraints_of, free_of, values_of
from il6infer.configuration.load import models_of as configured_models
from il6infer._errors import UserError
from il6infer._yaml import read_yaml, refuse_two_meanings
from il6infer.library.assembly import own_files
from il6infer.library.catalogue import files_of
from il6infer._digests import stage_digest
from il6infer.cli.rules import ENTRIES
from il6infer.petab_files.files import read_listing
from il6infer.provenance.times import put_in_order

# A run that was killed left its lock, which Snakemake would refuse every later run for.
if workflow.is_main_process and not workflow.dryrun:
    if told := free(Path.cwd()):
        logger.warning(told)


onstart:
    sign(Path.cwd())


try:
    for path in workflow.configfiles:
        read_yaml(path)
        refuse_two_meanings(path)
    SOURCES = f"configuration ({', '.join(map(str, workflow.configfiles))})"
    SETTINGS = check_config(config, SOURCES)
    LIBRARY = library_of(SETTINGS)  # modules that models are made of
    if any(values_of(SETTINGS, name) for name in SETTINGS.datasets):
        from il6infer.configuration.values import check_values, of_model  # composes the models, which takes a second

        check_values(SETTINGS, SOURCES)
    if any(free_of(SETTINGS, name) for name in SETTINGS.datasets):
        from il6infer.configuration.values import check_free, free_of_model

        check_free(SETTINGS, SOURCES)
    if any(dataset.own or dataset.pooled for dataset in SETTINGS.datasets.values()):
        from il6infer.configuration.values import check_own

        check_own(SETTINGS, SOURCES)
    if not SETTINGS.datasets:
        raise UserError("configuration: no data set. Name one under 'datasets'; config/README.md shows how.")
    DESCRIPTIONS = {
        name: read_yaml(dataset.description)
        for name, dataset in SETTINGS.datasets.items()
        if dataset.description is not None
    }
    JOINT = {name: members for name in SETTINGS.datasets if (members := members_of(SETTINGS, name))}
    check_readouts(SETTINGS, DESCRIPTIONS, SOURCES)
    CLAIMED = read_yaml(SETTINGS.claims) if SETTINGS.claims else {}
    PREDICTED = read_yaml(SETTINGS.predictions) if SETTINGS.predictions else {}
    PETAB = {
        name: read_listing(Path(dataset.petab)).files
        for name, dataset in SETTINGS.datasets.items()
        if dataset.petab is not None
    }
    KNOWN = {"claims": [], "predictions": []}  # names in them that models of the user's own have
    if (CLAIMED or PREDICTED) and (workflow.is_main_process or LIBRARY.folder or PETAB):
        from il6infer.petab_files.read import load  # takes a second
        from il6infer.prediction.names import check_files

        KNOWN = check_files(
            SETTINGS.claims,
            SETTINGS.predictions,
            LIBRARY,
            lambda: [load(Path(SETTINGS.datasets[name].petab)) for name in PETAB],
        )
except UserError as error:
    sys.exit(f"error: {error}")

# `.venv/bin/snakemake` without an activated environment must find `il6infer` beside itself.
os.environ.update(PATH=os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()]))

DATASETS = SETTINGS.datasets
FITTED = fitted(SETTINGS)  # the others are held out whole
HELD_OUT = [name for name in FITTED if held_out_of(SETTINGS, name)]  # those whose fits predict something
RESULTS = str(Path(SETTINGS.results))  # without what makes one folder two names: a last slash, a leading ./
STUDIES = [word for name in SETTINGS.without_studies for word in ("--without-study", name)]
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"

# Results that were copied without their times are told by their digests.
if workflow.is_main_process:
    if kept := put_in_order(Path(RESULTS), Path(BENCHMARKS)):
        logger.info(f"{kept} results are older than what they were made from, as after a copy, and unaltered: kept.")

CLAIMS = SETTINGS.claims or []
PREDICTIONS = SETTINGS.predictions or []
MODULES = list(map(str, files_of(LIBRARY.folder))) if LIBRARY.folder else []

# Snakemake does not see edits and upgrades behind a command: the digest in a rule's params makes them count.
SOURCE = {rule: stage_digest(entry)[:16] for rule, entry in ENTRIES.items()}

KEYS = as_keys(SETTINGS)
PARTS = {
    "fit": {key: KEYS[key] for key in ("seed", "fit")},
    "verdict": {"verdict": {key: value for key, value in KEYS["verdict"].items() if key != "pareto_k_max"}},
    "evidence": {
        "seed": KEYS["seed"],
        "comparison": {key: KEYS["comparison"][key] for key in ("runs", "particles")},
    },
    "leave_out": {
        **{key: KEYS[key] for key in ("seed", "fit", "verdict")},
        "comparison": {key: KEYS["comparison"][key] for key in ("leave_out", "jobs")},
    },
    "compare": {
        "seed": KEYS["seed"],
        "verdict": {"pareto_k_max": KEYS["verdict"]["pareto_k_max"]},
        "comparison": {key: KEYS["comparison"][key] for key in ("criterion", "weights")},
    },
    "sbc": {key: KEYS[key] for key in ("seed", "fit", "verdict", "sbc")},
    "report": KEYS,
}


def models_of(dataset):
    return configured_models(SETTINGS, dataset)


def either(names):
    """Pattern that matches these names only; without names, nothing (no name begins with a digit)."""
    return "|".join(names) or "0"


def petab_files(wildcards):
    """Files of the PEtab problem that is the data set."""
    return [str(path) for path in PETAB[wildcards.dataset]]


ALL_MODELS = sorted({model for dataset in DATASETS for model in models_of(dataset)})


wildcard_constraints:
    dataset="|".join(DATASETS),
    model="|".join(map(re.escape, ALL_MODELS)),  # names may hold + and @
    part="|".join(PARTS),


def more(first):
    """Memory [MB] or time [min] of a job: as much again at each attempt, where the profile retries."""
    return lambda wildcards, attempt: first * attempt


def fit_threads():
    """Threads of a fit: a CPU for each chain, but no fit waits for the CPUs of another on a small machine."""
    cores, chains = workflow.resource_settings.cores, SETTINGS.fit.chains
    fits = sum(len(models_of(dataset)) for dataset in FITTED)
    # A cluster has no number of cores of its own, and the job on its node does not know of the other fits.
    if not isinstance(cores, int) or workflow.remote_exec:
        return chains
    return max(1, min(chains, cores // max(fits, 1)))


def raw_files(wildcards):
    """Files that the description names; one that is malformed is left to `il6infer ingest` to explain."""
    folder = DATASETS[wildcards.dataset].folder
    return [f"{folder}/{name}" for name in named_files(DESCRIPTIONS[wildcards.dataset])]


def of_each_fit(pattern, **more):
    """Path of each (data set, model), with values of other wildcards."""
    return [path for dataset in FITTED for path in expand(pattern, dataset=dataset, model=models_of(dataset), **more)]


def of_each_model(pattern):
    """Input function: path of each model of the rule's data set."""
    return lambda wildcards: expand(pattern, dataset=wildcards.dataset, model=models_of(wildcards.dataset))


def constraint_options(wildcards):
    """`--constraint NAME` for each literature constraint of the data set."""
    return [word for name in constraints_of(SETTINGS, wildcards.dataset) for word in ("--constraint", name)]


def module_files(wildcards):
    """Files of the user's own modules that the model is made of."""
    return [str(path) for path in own_files(wildcards.model, LIBRARY)]


def module_options(wildcards):
    """`--modules DIR` for a model that holds modules of the user's own."""
    return ["--modules", SETTINGS.modules] if module_files(wildcards) else []


def value_options(wildcards):
    """`--set PARAMETER=VALUE` for each value that the configuration gives and the model has a parameter for."""
    values = values_of(SETTINGS, wildcards.dataset)
    given = of_model(values, wildcards.model, LIBRARY) if values else {}
    return [word for name, value in given.items() for word in ("--set", f"{name}={value!r}")]


def free_options(wildcards):
    """`--free CONSTANT[=LOW:HIGH]` for each constant that the configuration frees and the model holds fixed."""
    free, values = free_of(SETTINGS, wildcards.dataset), values_of(SETTINGS, wildcards.dataset)
    given = free_of_model(free, values, wildcards.model, LIBRARY) if free else {}
    ends = {name: f"={interval[0]!r}:{interval[1]!r}" if interval else "" for name, interval in given.items()}
    return [word for name in given for word in ("--free", f"{name}{ends[name]}")]


def of_each_constant(pattern):
    """Input function: path of each (model, constant that it holds fixed) of the rule's data set."""
    return lambda wildcards: [
        path
        for model in models_of(wildcards.dataset)
        for path in expand(
            pattern, dataset=wildcards.dataset, model=model, constant=held_constants(wildcards.dataset, model)
        )
    ]


def held_constants(dataset, model):
    """Constants that a model holds fixed, which the configuration neither gives nor frees."""
    from il6infer.configuration.values import constants_of_model  # composes the model, which takes a second

    return constants_of_model(model, {**values_of(SETTINGS, dataset), **free_of(SETTINGS, dataset)}, LIBRARY)


def freed_options(wildcards, input):
    """`--freed MODEL CONSTANT POSTERIOR VERDICT` for each constant of each model of the rule's data set."""
    pairs = [(m, c) for m in models_of(wildcards.dataset) for c in held_constants(wildcards.dataset, m)]
    freed = zip(pairs, input.freed_posteriors, input.freed_verdicts)
    return [
        word
        for (model, constant), posterior, verdict in freed
        for word in ("--freed", model, constant, posterior, verdict)
    ]


def freed_tables():
    """Digest of each freed.json that is there: the page shows it, yet must not make the fits behind it run again."""
    from il6infer._files import digest

    tables = [Path(RESULTS) / dataset / "freed.json" for dataset in FITTED]
    return [digest(table) for table in tables if table.is_file()]


def hold_out_options(wildcards):
    """`--hold-out-condition NAME` and `--hold-out-batch NAME` for what is held out of the data set itself."""
    held_out = held_out_of(SETTINGS, wildcards.dataset)
    asked = (
        ("--hold-out-condition", held_out.conditions),
        ("--hold-out-batch", held_out.batches),
        ("--hold-out-dataset", held_out.members),
    )
    return [word for option, names in asked for name in names for word in (option, name)]


def held_out_tables(wildcards, ingested):
    """Measurements and protocol of each data set that is held out whole."""
    others = held_out_of(SETTINGS, wildcards.dataset).others
    return [path for name in others for path in expand([ingested.measurements, ingested.protocol], dataset=name)]


def held_out_others(wildcards, tables):
    """`--and-held-out NAME MEASUREMENTS PROTOCOL` for each of them, and what its cells are where they are not the fit's."""
    words, others = [], held_out_of(SETTINGS, wildcards.dataset).others
    for name, *paths in zip(others, tables[::2], tables[1::2]):
        cell, values = cells_of_held_out(SETTINGS, wildcards.dataset, wildcards.model, name)
        words += ["--and-held-out", name, *paths, *(["--and-cell", f"{name}={cell}"] if cell else [])]
        words += [word for p, v in values.items() for word in ("--and-set", f"{name}.{p}={v!r}")]
    return words


def joined_tables(wildcards, ingested):
    """Tables and report of each data set of a joint fit."""
    kinds = [ingested.measurements, ingested.protocol, ingested.summary]
    return [path for name in JOINT[wildcards.dataset] for path in expand(kinds, dataset=name)]


def join_options(wildcards):
    """`--member`, `--cell` and `--set` of each data set of a joint fit, and `--own` and `--pooled` of the fit."""
    words, described = [], DATASETS[wildcards.dataset]
    for name in JOINT[wildcards.dataset]:
        words += ["--member", name, f"{RESULTS}/{name}"]
        words += ["--cell", f"{name}={cell}"] if (cell := cell_of(SETTINGS, name)) else []
        words += [w for p, v in values_of(SETTINGS, name).items() for w in ("--set", f"{name}.{p}={v!r}")]
    words += ["--modules", SETTINGS.modules] if SETTINGS.modules else []
    return [
        *words,
        *(word for key in ("own", "pooled") for p in getattr(described, key) or () for word in (f"--{key}", p)),
    ]


def fit_options(wildcards, input):
    """`--fit MODEL POSTERIOR VERDICT` for each model of the rule's data set."""
    fits = zip(models_of(wildcards.dataset), input.posteriors, input.verdicts)
    return [word for fit in fits for word in ("--fit", *fit)]


def left_out_files(wildcards, groups):
    """Files of all jobs of each model of the rule's data set; none where nothing is left out."""
    if left_out_of(SETTINGS, wildcards.dataset) == "none":
        return []
    jobs = range(1, SETTINGS.comparison.jobs + 1)
    return expand(groups, dataset=wildcards.dataset, model=models_of(wildcards.dataset), job=jobs)


def criterion_options(wildcards, input):
    """`--evidence MODEL FILE` and `--left-out MODEL FILE` for each file of the rule's data set."""
    models = models_of(wildcards.dataset)
    jobs = len(input.left_out) // len(models)
    pairs = [("--evidence", *pair) for pair in zip(models, input.evidence)]
    pairs += [("--left-out", models[i // jobs], path) for i, path in enumerate(input.left_out)]
    return [word for pair in pairs for word in pair]


def prediction_options(wildcards, input):
    """`--predictions MODEL FILE` for each model of the rule's data set."""
    return [word for pair in zip(models_of(wildcards.dataset), input.answers) for word in ("--predictions", *pair)]


def known_options(kind):
    """`--known NAME` for each name in the file of claims or predictions that a model of the user's own has, genes with what they make 0."""
    return [word for name in KNOWN[kind] for word in ("--known", name)]


def answer_options(wildcards, input):
    """`--answers MODEL FILE` for each model of the rule's data set."""
    return [word for pair in zip(models_of(wildcards.dataset), input.answers) for word in ("--answers", *pair)]
