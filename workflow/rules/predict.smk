# Stage predict: claims and predictions of the configuration -> what each fit says of them, and averaged over the models.
#
# Requires: <results>/<dataset>/<model>/problem/, posterior.nc and verdict.json, <results>/<dataset>/comparison.json,
#           the files of claims and of predictions that the configuration names (none: nothing of this is run)
# Outputs:  <results>/<dataset>/<model>/claims.json and predictions.json,
#           <results>/<dataset>/claims.json, predictions.json and predictions/*.csv


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
        mem_mb=more(2000),
        runtime=more(30),
    params:
        asked=CLAIMED,  # what the file says counts, not how it is written
        known=known_options("claims"),
        seed=SETTINGS.seed,
        source=SOURCE["ask"],
    message:
        "Claims: what {wildcards.model} of {wildcards.dataset} says of them"
    shell:
        "il6infer claims ask {input.problem:q}/problem.yaml {input.posterior:q} --claims {input.claims:q}"
        " {params.known:q} --seed {params.seed} --threads {threads} --output {output.answers:q} > {log:q} 2>&1"


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
        mem_mb=more(500),
        runtime=more(5),
    params:
        answers=answer_options,
        source=SOURCE["weigh"],
    message:
        "Claims: averaged over the models of {wildcards.dataset}"
    shell:
        "il6infer claims weigh {input.comparison:q} {params.answers:q} --output {output.table:q} > {log:q} 2>&1"


rule predict:
    input:
        problem=rules.problem.output.folder,
        posterior=rules.fit.output.posterior,
        verdict=rules.diagnose.output.verdict,
        predictions=ancient(PREDICTIONS),
    output:
        answers=f"{RESULTS}/{{dataset}}/{{model}}/predictions.json",
    log:
        f"{LOGS}/predict/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/predict/{{dataset}}/{{model}}.tsv"
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(30),
    params:
        asked=PREDICTED,  # what the file says counts, not how it is written
        known=known_options("predictions"),
        seed=SETTINGS.seed,
        source=SOURCE["predict"],
    message:
        "Predict: what {wildcards.model} of {wildcards.dataset} says of interventions"
    shell:
        "il6infer predict ask {input.problem:q}/problem.yaml {input.posterior:q} --verdict {input.verdict:q}"
        " --predictions {input.predictions:q} {params.known:q} --seed {params.seed} --threads {threads}"
        " --output {output.answers:q} > {log:q} 2>&1"


rule weigh_predictions:
    input:
        comparison=rules.compare.output.table,
        answers=of_each_model(rules.predict.output.answers),
    output:
        table=report(
            f"{RESULTS}/{{dataset}}/predictions.json",
            caption="../report/predictions.rst",
            category="Predictions",
            labels={"data set": "{dataset}"},
        ),
        tables=directory(f"{RESULTS}/{{dataset}}/predictions"),
    log:
        f"{LOGS}/weigh_predictions/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/weigh_predictions/{{dataset}}.tsv"
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        answers=prediction_options,
        source=SOURCE["weigh_predictions"],
    message:
        "Predict: averaged over the models of {wildcards.dataset}"
    shell:
        "il6infer predict weigh {input.comparison:q} {params.answers:q} --output {output.table:q}"
        " --csv {output.tables:q} > {log:q} 2>&1"
