# Stage sbc (only when asked for, `snakemake sbc`): fits of data simulated from the prior -> are the ranks uniform.
#
# Requires: <results>/<dataset>/<model>/problem/, <results>/settings/sbc.json
# Outputs:  <results>/<dataset>/<model>/sbc/<batch>.json, <results>/<dataset>/<model>/sbc.json, sbc.svg


rule sbc_batch:
    input:
        folder=rules.problem.output.folder,
        settings=f"{RESULTS}/settings/sbc.json",
    output:
        batch=f"{RESULTS}/{{dataset}}/{{model}}/sbc/{{batch}}.json",
    log:
        f"{LOGS}/sbc_batch/{{dataset}}/{{model}}/{{batch}}.log",
    benchmark:
        f"{BENCHMARKS}/sbc_batch/{{dataset}}/{{model}}/{{batch}}.tsv"
    wildcard_constraints:
        batch="[0-9]+",
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(120),
    params:
        source=SOURCE["sbc_batch"],
    message:
        "Calibrate: batch {wildcards.batch} of {wildcards.model} of {wildcards.dataset}"
    shell:
        "il6infer sbc run {input.folder:q}/problem.yaml --batch {wildcards.batch} --config {input.settings:q}"
        " --threads {threads} --output {output.batch:q} > {log:q} 2>&1"


rule sbc_gather:
    input:
        batches=expand(
            f"{RESULTS}/{{{{dataset}}}}/{{{{model}}}}/sbc/{{batch}}.json",
            batch=range(-(-SETTINGS["sbc"]["fits"] // SETTINGS["sbc"]["batch"])),
        ),
    output:
        table=f"{RESULTS}/{{dataset}}/{{model}}/sbc.json",
        figure=report(
            f"{RESULTS}/{{dataset}}/{{model}}/sbc.svg",
            caption="../report/sbc.rst",
            category="Calibration",
            labels={"data set": "{dataset}", "model": "{model}"},
        ),
    log:
        f"{LOGS}/sbc_gather/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/sbc_gather/{{dataset}}/{{model}}.tsv"
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


rule sbc:
    input:
        of_each_fit(rules.sbc_gather.output.table),
