"""What YAML misreads is found in the file, with its line."""

from cuealign.config.yaml_files import misread


def test_a_key_given_twice_is_named_with_both_lines(tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text("grid: []\nmodels:\n  a: {path: x}\n  a: {path: y}\ngrid: []\n")
    assert misread(file) == [
        f"{file}, line 4: models.a: the key is given twice (before in line 3); YAML keeps only the last one",
        f"{file}, line 5: grid: the key is given twice (before in line 1); YAML keeps only the last one",
    ]


def test_ids_with_leading_zeros_are_explained(tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text("splits:\n  train: [0010, '0011']\n  test: [0019, 10, 0]\nmap: {010: female}\n")
    assert misread(file) == [
        f"{file}, line 2: splits.train[0]: 0010 is the number 8 to YAML, which takes a leading zero for octal; "
        "write it in quotation marks ('0010')",
        f"{file}, line 4: map.010: 010 is the number 8 to YAML, which takes a leading zero for octal; write it in quotation marks ('010')",
    ]


def test_times_with_colons_are_explained(tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text("runtime: 1:30\nseconds: [1:70, '1:30', 12:30:05]\n")
    assert misread(file) == [
        f"{file}, line 1: runtime: 1:30 is the number 90 to YAML, which counts the parts between colons in sixties; "
        "write it in quotation marks ('1:30')",
        f"{file}, line 2: seconds[2]: 12:30:05 is the number 45005 to YAML, which counts the parts between colons in sixties; "
        "write it in quotation marks ('12:30:05')",
    ]


def test_anchors_and_merges_are_no_mistake(tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: {<<: *a, <<: *a}\n")
    assert misread(file) == []


def test_an_alias_inside_of_its_own_anchor_is_named(tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text("a: &a [*a]\n")
    assert misread(file) == [f"{file}: a list or mapping contains itself by an alias (*); write it out"]


def test_a_file_that_is_no_yaml_is_left_to_snakemake(tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text("a: [")
    assert misread(file) == []
    assert misread(tmp_path / "missing.yaml") == []
