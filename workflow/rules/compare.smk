# Stage compare: posteriors and verdicts of one data set -> PSIS-LOO and weights, a failed fit shown as failed.
#
# Requires: <results>/<dataset>/<model>/posterior.nc and verdict.json of each model of the data set,
#           <results>/settings/compare.json
# Outputs:  <results>/<dataset>/comparison.json


rule compare:
    input:
        posteriors=of_each_model(rules.fit.output.posterior),
        verdicts=of_each_model(rules.diagnose.output.verdict),
        settings=f"{RESULTS}/settings/compare.json",
    output:
        table=report(
            f"{RESULTS}/{{dataset}}/comparison.json",
            caption="../report/comparison.rst",
            category="Comparison",
            labels={"data set": "{dataset}"},
        ),
    log:
        f"{LOGS}/compare/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/compare/{{dataset}}.tsv"
    priority: 1  # the claims are weighed by it, and the report waits for both
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(15),
    params:
        fits=fit_options,
        source=SOURCE["compare"],
    message:
        "Compare: the models of {wildcards.dataset}"
    shell:
        "il6infer compare {params.fits:q} --dataset {wildcards.dataset} --output {output.table:q}"
        " --config {input.settings:q} > {log:q} 2>&1"
