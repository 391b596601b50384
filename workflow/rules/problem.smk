# Stage problem: (measurements, model) -> one PEtab v2 folder.
#
# Requires: <results>/<dataset>/measurements.csv, protocol.csv, the user's own modules that the model is made of
# Outputs:  <results>/<dataset>/<model>/problem/ (PEtab v2: problem.yaml, model.xml, tables)


rule problem:
    input:
        measurements=rules.ingest.output.measurements,
        protocol=rules.ingest.output.protocol,
        modules=module_files,
    output:
        folder=directory(f"{RESULTS}/{{dataset}}/{{model}}/problem"),
    log:
        f"{LOGS}/problem/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/problem/{{dataset}}/{{model}}.tsv"
    wildcard_constraints:
        dataset=either([*DESCRIPTIONS, *JOINT]),
    priority: 1  # fits wait for it
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(10),
    params:
        constraints=constraint_options,
        values=value_options,
        free=free_options,
        modules=module_options,
        studies=STUDIES,
        noise=SETTINGS.noise.per,
        along=SETTINGS.noise.along_course,
        held_out=hold_out_options,
        source=SOURCE["problem"],
    message:
        "Problem: {wildcards.dataset} with model {wildcards.model} -> PEtab"
    shell:
        "il6infer problem {input.measurements:q} {input.protocol:q} --name {wildcards.dataset} --model {wildcards.model} {params.constraints}"
        " {params.values} {params.free} {params.studies} {params.modules:q} --noise-per {params.noise} --noise-along-course {params.along} {params.held_out:q} --output {output.folder:q} > {log:q} 2>&1"
