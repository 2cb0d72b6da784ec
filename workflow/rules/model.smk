if not config["model"]:

    rule train:
        input:
            config["reference"],
        output:
            "model/model.pth",
        log:
            "logs/train.log",
        conda:
            "../envs/node.yaml"
        threads: config["threads"]
        params:
            atlasmtl=config["atlasmtl"],
            labels=config["labels"],
            more=config["train"],
        shell:
            "{params.atlasmtl} train --adata {input:q} --out {output:q} --labels {params.labels:q}"
            " --num-threads {threads} {params.more} 2> {log:q}"
