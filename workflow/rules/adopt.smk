# Stage adopt: a PEtab problem as a data set -> what ingest and problem would have written, and the model's diagram.
#
# Requires: the problem that the configuration names under datasets.<dataset>.petab
# Outputs:  <results>/<dataset>/measurements.csv, protocol.csv, ingest.json,
#           <results>/<dataset>/petab/problem/ (the problem as it is), <results>/<dataset>/petab/diagram.svg


rule adopt:
    input:
        files=petab_files,
    output:
        measurements=f"{RESULTS}/{{dataset}}/measurements.csv",
        protocol=f"{RESULTS}/{{dataset}}/protocol.csv",
        summary=f"{RESULTS}/{{dataset}}/ingest.json",
        folder=directory(f"{RESULTS}/{{dataset}}/petab/problem"),
        picture=report(
            f"{RESULTS}/{{dataset}}/petab/diagram.svg",
            caption="../report/adopted.rst",
            category="Models",
            labels={"data set": "{dataset}", "model": "its own"},
        ),
    log:
        f"{LOGS}/adopt/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/adopt/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=either(PETAB),
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        problem=lambda wildcards: DATASETS[wildcards.dataset]["petab"],
        output=subpath(output.measurements, parent=True),
        source=SOURCE["petab"],
    message:
        "Adopt: PEtab problem {params.problem} as {wildcards.dataset}"
    shell:
        "il6infer petab adopt {params.problem:q} --name {wildcards.dataset} --output {params.output:q} > {log:q} 2>&1"
