# Stage ingest: raw instrument files -> one tidy table of measurements and one of the protocol.
#
# Requires: config/datasets/<dataset>.yaml and the raw files that it names.
# Outputs:  <results>/<dataset>/measurements.csv, protocol.csv, ingest.json


rule ingest:
    input:
        description=lambda wildcards: ancient(DATASETS[wildcards.dataset].description),
        raw=raw_files,
    output:
        measurements=f"{RESULTS}/{{dataset}}/measurements.csv",
        protocol=f"{RESULTS}/{{dataset}}/protocol.csv",
        summary=f"{RESULTS}/{{dataset}}/ingest.json",
    log:
        f"{LOGS}/ingest/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/ingest/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=either(DESCRIPTIONS),
    conda:
        "../envs/il6infer.yaml"
    threads: 1
    resources:
        mem_mb=more(1000),
        runtime=more(10),
    params:
        described=lambda wildcards: DESCRIPTIONS[wildcards.dataset],  # what it says counts, not how it is written
        folder=lambda wildcards: DATASETS[wildcards.dataset].folder,
        output=subpath(output.measurements, parent=True),
        source=SOURCE["ingest"],
    message:
        "Ingest: raw files of {wildcards.dataset} -> table of measurements"
    shell:
        "il6infer ingest {input.description:q} --name {wildcards.dataset} --folder {params.folder:q}"
        " --output {params.output:q} > {log:q} 2>&1"
