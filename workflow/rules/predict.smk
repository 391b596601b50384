# Stage predict: claims of the configuration -> their probability under each fit, and averaged over the models.
#
# Requires: <results>/<dataset>/<model>/problem/ and posterior.nc, <results>/<dataset>/comparison.json,
#           the file of claims that the configuration names (none: nothing of this is run)
# Outputs:  <results>/<dataset>/<model>/claims.json, <results>/<dataset>/claims.json


rule ask:
    input:
        problem=rules.problem.output.folder,
        posterior=rules.fit.output.posterior,
        claims=ancient(CLAIMS),
    output:
        answers=f"{RESULTS}/{{dataset}}/{{model}}/claims.json",
    log:
        f"{LOGS}/ask/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/ask/{{dataset}}/{{model}}.tsv"
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        asked=CLAIMED,  # what the file says counts, not how it is written
        seed=SETTINGS["seed"],
        source=SOURCE["ask"],
    message:
        "Claims: what {wildcards.model} of {wildcards.dataset} says of them"
    shell:
        "il6infer claims ask {input.problem:q}/problem.yaml {input.posterior:q} --claims {input.claims:q}"
        " --seed {params.seed} --threads {threads} --output {output.answers:q} > {log:q} 2>&1"


rule weigh:
    input:
        comparison=rules.compare.output.table,
        answers=of_each_model(rules.ask.output.answers),
    output:
        table=report(
            f"{RESULTS}/{{dataset}}/claims.json",
            caption="../report/claims.rst",
            category="Claims",
            labels={"data set": "{dataset}"},
        ),
    log:
        f"{LOGS}/weigh/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/weigh/{{dataset}}.tsv"
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        answers=answer_options,
        source=SOURCE["weigh"],
    message:
        "Claims: averaged over the models of {wildcards.dataset}"
    shell:
        "il6infer claims weigh {input.comparison:q} {params.answers:q} --output {output.table:q} > {log:q} 2>&1"
