"""The commands that ``same_answers.py`` runs on published data sets."""

from __future__ import annotations

import answers_inputs as inputs
from answers_recording import Recording

SETS = {
    "pairs": "fast_detect_gpt/exp_gpt3to4/data/xsum_gpt-4.raw_data.json --records sampled",
    "essays": "chatgpt_detector_bias/Human_Data/TOEFL_gpt4polished_91/data.json "
    "--content document --parent-text prompt",
    "essays-real": "chatgpt_detector_bias/Human_Data/TOEFL_real_91/data.json --label human",
    "trees": "oasst_samples/model/model_eval/manual/data/en_100_tree.jsonl",
    "dolma": "dolma_fixtures/provided/documents",
    "formats": "dolma_fixtures/formats",
    "crawl": "dolma_fixtures/multiple_files",
    "warc": "warc_warcio",
    "wet": "warc_whirlwind",
    "parsing": "json_test_suite/test_parsing --format json",
    "pictures": "c2pa_public_testfiles/image/jpeg --format image",
}


def real_data(run: Recording) -> None:
    """Read, judge and seal what others published; the folder itself is only read."""
    data, folder = run.data, run.group("real")
    if data is None:
        raise SystemExit("the group needs --data")
    for name, content in inputs.POLICIES.items():
        inputs.save(folder / f"{name}.yaml", content)
    for source, line in SETS.items():
        path, *options = line.split()
        run.prov("ingest", str(data / path), "--source", source, *options)
    run.prov("lineage", "import", str(data / "openlineage_events" / "integration" / "common"))
    run.prov("lineage", "import", *map(str, sorted((data / "prov_json" / "json").glob("a*.json"))))
    run.prov("status")
    run.prov("audit", "--policy", "many.yaml")
    run.prov("assemble", "real", "--policy", "many.yaml", "--fit")
    run.prov("assemble", "all", "--policy", "warn.yaml")
    run.prov("export", "all", "--to", "out")
    run.prov("report", "all", "--format", "json")
    run.views()
