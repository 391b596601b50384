# Stage draw: model -> its diagram, which only the report reads.
#
# Requires: the model's name, and the user's own modules that it is made of; of a PEtab problem that is a data set, <results>/<dataset>/petab/problem/
# Outputs:  <results>/<dataset>/<model>/diagram.svg


rule draw:
    input:
        modules=module_files,
    output:
        picture=report(
            f"{RESULTS}/{{dataset}}/{{model}}/diagram.svg",
            caption="../report/diagram.rst",
            category="Models",
            labels={"data set": "{dataset}", "model": "{model}"},
        ),
    log:
        f"{LOGS}/draw/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/draw/{{dataset}}/{{model}}.tsv"
    wildcard_constraints:
        dataset=either([*DESCRIPTIONS, *JOINT]),
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        values=value_options,
        modules=module_options,
        source=SOURCE["draw"],
    message:
        "Draw: {wildcards.model}"
    shell:
        "il6infer models diagram {wildcards.model} {params.values} {params.modules:q}"
        " --output {output.picture:q} > {log:q} 2>&1"


rule draw_adopted:
    input:
        folder=rules.adopt.output.folder,
    output:
        picture=report(
            f"{RESULTS}/{{dataset}}/petab/diagram.svg",
            caption="../report/adopted.rst",
            category="Models",
            labels={"data set": "{dataset}", "model": "its own"},
        ),
    log:
        f"{LOGS}/draw/{{dataset}}/petab.log",
    benchmark:
        f"{BENCHMARKS}/draw/{{dataset}}/petab.tsv"
    wildcard_constraints:
        dataset=either(PETAB),
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        source=SOURCE["draw_adopted"],
    message:
        "Draw: the model of the PEtab problem {wildcards.dataset}"
    shell:
        "il6infer petab diagram {input.folder:q}/problem.yaml --output {output.picture:q} > {log:q} 2>&1"
