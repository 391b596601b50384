# Stage diagnose: posterior -> verdict, two answers, every reason with its number and limits.
#
# Requires: <results>/<dataset>/<model>/posterior.nc, <results>/settings/verdict.json
# Outputs:  <results>/<dataset>/<model>/verdict.json


rule diagnose:
    input:
        posterior=rules.fit.output.posterior,
        settings=f"{RESULTS}/settings/verdict.json",
    output:
        verdict=f"{RESULTS}/{{dataset}}/{{model}}/verdict.json",
    log:
        f"{LOGS}/diagnose/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/diagnose/{{dataset}}/{{model}}.tsv"
    priority: 1  # the comparison waits for all of them
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(15),
    params:
        source=SOURCE["diagnose"],
    message:
        "Diagnose: can the fit of {wildcards.model} to {wildcards.dataset} be trusted?"
    shell:
        "il6infer diagnose {input.posterior:q} --output {output.verdict:q} --config {input.settings:q} > {log:q} 2>&1"
