# Settings: what of the configuration a stage reads, and no more, so that a changed key reruns the stages that
# read it, and their followers, and nothing else.
#
# Requires: the configuration (checked, defaults filled in, by common.smk)
# Outputs:  <results>/settings/{fit,verdict,evidence,leave_out,compare,report}.json
import json


localrules:
    settings,


rule settings:
    output:
        text=f"{RESULTS}/settings/{{part}}.json",
    log:
        f"{LOGS}/settings/{{part}}.log",
    benchmark:
        f"{BENCHMARKS}/settings/{{part}}.tsv"
    priority: 1  # fits wait for it
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(200),
        runtime=more(5),
    params:
        text=lambda wildcards: json.dumps(PARTS[wildcards.part], indent=2),
    message:
        "Settings: what the stage '{wildcards.part}' reads of the configuration"
    # A `run` block would start Snakemake once more, for seconds.
    shell:
        "printf '%s\\n' {params.text:q} > {output.text:q} 2> {log:q}"
