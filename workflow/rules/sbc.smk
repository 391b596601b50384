# Stage sbc (only when asked for, `snakemake sbc`): fits of data simulated from the prior -> are the ranks uniform.
# `snakemake posterior_sbc`: of data simulated from the posterior, together with the real ones.
#
# Requires: <results>/<dataset>/<model>/problem/, <results>/settings/sbc.json; posterior.nc for posterior_sbc
# Outputs:  <results>/<dataset>/<model>/{sbc,posterior_sbc}/<batch>.json, {sbc,posterior_sbc}.{json,svg},
#           <results>/<dataset>/{sbc,posterior_sbc}_recovery.{csv,svg}


rule sbc_batch:
    input:
        folder=rules.problem.output.folder,
        # The posterior that truths are drawn from; none where they are of the prior.
        posterior=lambda wildcards: (
            expand(rules.fit.output.posterior, dataset=wildcards.dataset, model=wildcards.model)
            if wildcards.kind == "posterior_sbc"
            else []
        ),
        settings=f"{RESULTS}/settings/sbc.json",
    output:
        batch=f"{RESULTS}/{{dataset}}/{{model}}/{{kind}}/{{batch}}.json",
    log:
        f"{LOGS}/sbc_batch/{{dataset}}/{{model}}/{{kind}}/{{batch}}.log",
    benchmark:
        f"{BENCHMARKS}/sbc_batch/{{dataset}}/{{model}}/{{kind}}/{{batch}}.tsv"
    wildcard_constraints:
        batch="[0-9]+",
        kind="sbc|posterior_sbc",
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(120),
    params:
        around=lambda wildcards, input: ["--posterior", *input.posterior] if input.posterior else [],
        source=SOURCE["sbc_batch"],
    message:
        "Calibrate: batch {wildcards.batch} of {wildcards.model} of {wildcards.dataset}"
    shell:
        "il6infer sbc run {input.folder:q}/problem.yaml --batch {wildcards.batch} --config {input.settings:q}"
        " {params.around:q} --threads {threads} --output {output.batch:q} > {log:q} 2>&1"


rule sbc_gather:
    input:
        batches=expand(
            f"{RESULTS}/{{{{dataset}}}}/{{{{model}}}}/{{{{kind}}}}/{{batch}}.json",
            batch=range(-(-SETTINGS.sbc.fits // SETTINGS.sbc.batch)),
        ),
    output:
        table=f"{RESULTS}/{{dataset}}/{{model}}/{{kind}}.json",
        figure=report(
            f"{RESULTS}/{{dataset}}/{{model}}/{{kind}}.svg",
            caption="../report/sbc.rst",
            category="Calibration",
            labels={"data set": "{dataset}", "model": "{model}", "truths": "{kind}"},
        ),
    log:
        f"{LOGS}/sbc_gather/{{dataset}}/{{model}}/{{kind}}.log",
    benchmark:
        f"{BENCHMARKS}/sbc_gather/{{dataset}}/{{model}}/{{kind}}.tsv"
    wildcard_constraints:
        kind="sbc|posterior_sbc",
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        source=SOURCE["sbc_gather"],
    message:
        "Calibrate: are the ranks of {wildcards.model} of {wildcards.dataset} uniform?"
    shell:
        "il6infer sbc gather {input.batches:q} --output {output.table:q} --figure {output.figure:q} > {log:q} 2>&1"


rule sbc_table:
    input:
        calibrations=lambda wildcards: expand(
            rules.sbc_gather.output.table,
            dataset=wildcards.dataset,
            model=models_of(wildcards.dataset),
            kind=wildcards.kind,
        ),
    output:
        table=report(
            f"{RESULTS}/{{dataset}}/{{kind}}_recovery.csv",
            caption="../report/recovery.rst",
            category="Calibration",
            labels={"data set": "{dataset}", "truths": "{kind}"},
        ),
        figure=report(
            f"{RESULTS}/{{dataset}}/{{kind}}_recovery.svg",
            caption="../report/recovery.rst",
            category="Calibration",
            labels={"data set": "{dataset}", "truths": "{kind}"},
        ),
    log:
        f"{LOGS}/sbc_table/{{dataset}}/{{kind}}.log",
    benchmark:
        f"{BENCHMARKS}/sbc_table/{{dataset}}/{{kind}}.tsv"
    wildcard_constraints:
        kind="sbc|posterior_sbc",
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        source=SOURCE["sbc_table"],
    message:
        "Calibrate: how often do intervals hold the truth, for each model of {wildcards.dataset}"
    shell:
        "il6infer sbc table {input.calibrations:q} --output {output.table:q} --figure {output.figure:q} > {log:q} 2>&1"


rule sbc:
    input:
        expand(rules.sbc_table.output.table, dataset=FITTED, kind="sbc"),


rule posterior_sbc:
    input:
        expand(rules.sbc_table.output.table, dataset=FITTED, kind="posterior_sbc"),
