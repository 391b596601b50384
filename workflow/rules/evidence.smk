# Stage evidence (only where the configuration asks for it): the probability of the data under each model.
#
# Requires: <results>/<dataset>/<model>/problem/ and posterior.nc, <results>/settings/evidence.json
# Outputs:  <results>/<dataset>/<model>/evidence.json


rule evidence:
    input:
        folder=rules.problem.output.folder,
        posterior=rules.fit.output.posterior,
        settings=f"{RESULTS}/settings/evidence.json",
    output:
        table=report(
            f"{RESULTS}/{{dataset}}/{{model}}/evidence.json",
            caption="../report/evidence.rst",
            category="Comparison",
            labels={"data set": "{dataset}", "model": "{model}"},
        ),
    log:
        f"{LOGS}/evidence/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/evidence/{{dataset}}/{{model}}.tsv"
    conda:
        "../envs/il6infer.yaml"
    threads: fit_threads()
    resources:
        mem_mb=more(3000),
        runtime=more(240),
    params:
        source=SOURCE["evidence"],
    message:
        "Evidence: {wildcards.model} of {wildcards.dataset}"
    shell:
        "il6infer evidence {input.folder:q}/problem.yaml {input.posterior:q} --config {input.settings:q}"
        " --threads {threads} --output {output.table:q} > {log:q} 2>&1"
