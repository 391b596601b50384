# Stage freed (only when asked for, `snakemake free_constants`): each constant that a model holds fixed is freed in turn -> what changes in the conclusions.
#
# Requires: tables of each data set, posterior.nc and verdict.json of each of its models
# Outputs:  <results>/<dataset>/<model>/freed/<constant>/problem/, posterior.nc and verdict.json, <results>/<dataset>/freed.json


wildcard_constraints:
    constant=r"[A-Za-z]\w*",


use rule problem as freed_problem with:
    output:
        folder=directory(f"{RESULTS}/{{dataset}}/{{model}}/freed/{{constant}}/problem"),
    log:
        f"{LOGS}/freed_problem/{{dataset}}/{{model}}/{{constant}}.log",
    benchmark:
        f"{BENCHMARKS}/freed_problem/{{dataset}}/{{model}}/{{constant}}.tsv"
    params:
        constraints=constraint_options,
        values=value_options,
        free=lambda wildcards: [*free_options(wildcards), "--free", wildcards.constant],
        modules=module_options,
        studies=STUDIES,
        noise=SETTINGS.noise.per,
        along=SETTINGS.noise.along_course,
        held_out=hold_out_options,
        source=SOURCE["problem"],
    message:
        "Problem: {wildcards.dataset} with model {wildcards.model}, {wildcards.constant} freed -> PEtab"


use rule fit as freed_fit with:
    input:
        folder=rules.freed_problem.output.folder,
        settings=f"{RESULTS}/settings/fit.json",
    output:
        posterior=f"{RESULTS}/{{dataset}}/{{model}}/freed/{{constant}}/posterior.nc",
    log:
        f"{LOGS}/freed_fit/{{dataset}}/{{model}}/{{constant}}.log",
    benchmark:
        f"{BENCHMARKS}/freed_fit/{{dataset}}/{{model}}/{{constant}}.tsv"
    message:
        "Fit: {wildcards.dataset} with model {wildcards.model}, {wildcards.constant} freed; progress in {log}"


use rule diagnose as freed_diagnose with:
    input:
        posterior=rules.freed_fit.output.posterior,
        settings=f"{RESULTS}/settings/verdict.json",
    output:
        verdict=f"{RESULTS}/{{dataset}}/{{model}}/freed/{{constant}}/verdict.json",
    log:
        f"{LOGS}/freed_diagnose/{{dataset}}/{{model}}/{{constant}}.log",
    benchmark:
        f"{BENCHMARKS}/freed_diagnose/{{dataset}}/{{model}}/{{constant}}.tsv"
    message:
        "Diagnose: {wildcards.dataset} with model {wildcards.model}, {wildcards.constant} freed"


rule freed:
    input:
        posteriors=of_each_model(rules.fit.output.posterior),
        verdicts=of_each_model(rules.diagnose.output.verdict),
        freed_posteriors=of_each_constant(rules.freed_fit.output.posterior),
        freed_verdicts=of_each_constant(rules.freed_diagnose.output.verdict),
    output:
        table=report(
            f"{RESULTS}/{{dataset}}/freed.json",
            caption="../report/freed.rst",
            category="Constants",
            labels={"data set": "{dataset}"},
        ),
    log:
        f"{LOGS}/freed/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/freed/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=either([*DESCRIPTIONS, *JOINT]),
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(15),
    params:
        fits=fit_options,
        freed=freed_options,
        source=SOURCE["freed"],
    message:
        "Constants: which conclusions of {wildcards.dataset} hang on one that was held fixed?"
    shell:
        "il6infer freed {params.fits:q} {params.freed:q} --dataset {wildcards.dataset} --output {output.table:q}"
        " > {log:q} 2>&1"


rule free_constants:
    input:
        expand(rules.freed.output.table, dataset=[name for name in FITTED if name not in PETAB]),
