# Stage hold-out: data that are never fitted -> predictions of each fit, and their scores.
#
# Requires: measurements.csv and protocol.csv of the data set, and of those that are held out whole;
#           <results>/<dataset>/<model>/posterior.nc
# Outputs:  <results>/<dataset>/<model>/held_out/problem/ (PEtab v2), <results>/<dataset>/<model>/hold_out.json


rule held_out_problem:
    input:
        measurements=rules.ingest.output.measurements,
        protocol=rules.ingest.output.protocol,
        others=lambda wildcards: held_out_tables(wildcards, rules.ingest.output),
        modules=module_files,
    output:
        folder=directory(f"{RESULTS}/{{dataset}}/{{model}}/held_out/problem"),
    log:
        f"{LOGS}/held_out_problem/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/held_out_problem/{{dataset}}/{{model}}.tsv"
    wildcard_constraints:
        dataset=either(HELD_OUT),
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(10),
    params:
        values=value_options,
        free=free_options,
        modules=module_options,
        studies=STUDIES,
        noise=SETTINGS.noise.per,
        along=SETTINGS.noise.along_course,
        held_out=hold_out_options,
        others=lambda wildcards, input: held_out_others(wildcards, input.others),
        source=SOURCE["held_out_problem"],
    message:
        "Held-out data: {wildcards.dataset} with model {wildcards.model} -> PEtab"
    shell:
        "il6infer problem {input.measurements:q} {input.protocol:q} --name {wildcards.dataset} --model {wildcards.model} --held-out"
        " {params.held_out:q} {params.others:q} {params.values} {params.free} {params.studies} {params.modules:q} --noise-per {params.noise} --noise-along-course {params.along} --output {output.folder:q}"
        " > {log:q} 2>&1"


rule hold_out:
    input:
        problem=rules.held_out_problem.output.folder,
        posterior=rules.fit.output.posterior,
    output:
        scores=report(
            f"{RESULTS}/{{dataset}}/{{model}}/hold_out.json",
            caption="../report/hold_out.rst",
            category="Held-out data",
            labels={"data set": "{dataset}", "model": "{model}"},
        ),
    log:
        f"{LOGS}/hold_out/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/hold_out/{{dataset}}/{{model}}.tsv"
    wildcard_constraints:
        dataset=either(HELD_OUT),
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(30),
    params:
        seed=SETTINGS.seed,
        source=SOURCE["hold_out"],
    message:
        "Held-out data: what {wildcards.model} of {wildcards.dataset} predicts of them"
    shell:
        "il6infer holdout {input.problem:q}/problem.yaml {input.posterior:q} --seed {params.seed}"
        " --threads {threads} --output {output.scores:q} > {log:q} 2>&1"
