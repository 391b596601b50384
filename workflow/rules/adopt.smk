# Stage adopt: a PEtab problem as a data set -> what ingest and problem would have written.
#
# Requires: the problem that the configuration names under datasets.<dataset>.petab
# Outputs:  <results>/<dataset>/measurements.csv, protocol.csv, ingest.json,
#           <results>/<dataset>/petab/problem/ (the problem as it is)


rule adopt:
    input:
        files=petab_files,
    output:
        measurements=f"{RESULTS}/{{dataset}}/measurements.csv",
        protocol=f"{RESULTS}/{{dataset}}/protocol.csv",
        summary=f"{RESULTS}/{{dataset}}/ingest.json",
        folder=directory(f"{RESULTS}/{{dataset}}/petab/problem"),
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
        mem_mb=more(1500),
        runtime=more(10),
    params:
        problem=lambda wildcards: DATASETS[wildcards.dataset].petab,
        output=subpath(output.measurements, parent=True),
        source=SOURCE["adopt"],
    message:
        "Adopt: PEtab problem {params.problem} as {wildcards.dataset}"
    shell:
        "il6infer petab adopt {params.problem:q} --name {wildcards.dataset} --output {params.output:q} > {log:q} 2>&1"
