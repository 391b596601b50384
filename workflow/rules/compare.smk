# Stage compare: posteriors and verdicts of one data set -> criteria and weights, a failed fit shown as failed.
#
# Requires: <results>/<dataset>/<model>/posterior.nc and verdict.json of each model of the data set,
#           <results>/settings/compare.json; where they are asked for, evidence.json and leave_out/*.json of each model
# Outputs:  <results>/<dataset>/comparison.json


rule compare:
    input:
        posteriors=of_each_model(rules.fit.output.posterior),
        verdicts=of_each_model(rules.diagnose.output.verdict),
        evidence=of_each_model(rules.evidence.output.table) if wants_evidence(SETTINGS) else [],
        left_out=lambda wildcards: left_out_files(wildcards, rules.leave_out.output.groups),
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
        more=criterion_options,
        source=SOURCE["compare"],
    message:
        "Compare: the models of {wildcards.dataset}"
    shell:
        "il6infer compare {params.fits:q} {params.more:q} --dataset {wildcards.dataset} --output {output.table:q}"
        " --config {input.settings:q} > {log:q} 2>&1"
