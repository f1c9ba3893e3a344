"""Settings: defaults, files, assignments, and the line that each mistake is refused with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from metaclip.config.balance import BalanceSettings
from metaclip.config.command_line import load_config, parse_arguments
from metaclip.config.settings import Config
from metaclip.errors import InputError
from metaclip.redaction import HIDDEN

ROOT = Path(__file__).parents[2]
DEFAULT = ROOT / "conf" / "default.yaml"


def keys(settings: Any, path: str = "") -> list[str]:
    """Return every dotted key down to the values."""
    if not isinstance(settings, dict) or not settings:
        return [path]
    return [key for name in settings for key in keys(settings[name], f"{path}.{name}".strip("."))]


def refused(*assignments: str, file: Path | None = None) -> str:
    """Return the one line that `assignments` are refused with."""
    with pytest.raises(InputError) as caught:
        load_config(None if file is None else str(file), assignments)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    return str(caught.value)


def value_of(config: Config, key: str) -> object:
    found: Any = msgspec.to_builtins(config)
    for name in key.split("."):
        found = found[name]
    return found


def takes_files(key: str) -> bool:
    """Return whether a setting is a path or a list of them: it takes a text and a list."""
    try:
        load_config(None, [f"{key}=a"])
        load_config(None, [f"{key}=[a]"])
    except InputError:
        return False
    return True


FILES = [key for key in keys(yaml.safe_load(DEFAULT.read_text("utf-8"))) if takes_files(key)]
FOLDERS = ("warehouse", "metadata.file", "languages.model", "build.wordnet")
TARGETS = ("export.to", "plan.to", "report.to")


@pytest.mark.parametrize("key", [*FILES, *FOLDERS, *TARGETS])
def test_home_is_home_in_each_setting_that_is_a_path(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/her")
    assert value_of(load_config(None, [f"{key}=~/x"]), key) == "/home/her/x"
    assert value_of(load_config(None, [f"{key}=x~/y"]), key) == "x~/y"
    if key in FILES:
        assert value_of(load_config(None, [f"{key}=[~/x, y]"]), key) == ["/home/her/x", "y"]


def test_default_yaml_shows_the_defaults() -> None:
    assert load_config(str(DEFAULT)) == Config()


def test_default_yaml_names_every_key() -> None:
    shown = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    assert keys(shown) == keys(msgspec.to_builtins(Config()))


@pytest.mark.parametrize("file", sorted((ROOT / "conf").glob("*.yaml")), ids=lambda f: f.name)
def test_shipped_files_are_valid(file: Path) -> None:
    load_config(str(file))


def test_no_settings_give_the_defaults() -> None:
    assert load_config() == Config()


def test_assignments_override_the_file(tmp_path: Path) -> None:
    file = tmp_path / "my.yaml"
    file.write_text("balance: {t: 5, seed: 3}\nspark: {spark.ui.enabled: false}\n")
    config = load_config(str(file), ["balance.t=7", "spark.spark.app.id=x", "crawl.files=[a, b]"])
    assert config.balance == BalanceSettings(t=7.0, seed=3)
    assert config.spark == {"spark.ui.enabled": False, "spark.app.id": "x"}
    assert config.crawl.files == ["a", "b"]


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    assert load_config(str(tmp_path / "empty.yaml")) == Config()


@pytest.mark.parametrize(
    ("text", "t"), [("2e4", 2e4), ("1e-3", 1e-3), ("20", 20.0), ("1E5", 1e5), (".5", 0.5)]
)
def test_numbers_are_read_as_yaml_1_2_writes_them(text: str, t: float) -> None:
    assert load_config(None, [f"balance.t={text}"]).balance.t == t


@pytest.mark.parametrize(
    ("assignment", "found", "hint"),
    [
        ("balance.tt=3", "balance.tt", "did you mean balance.t?"),
        ("balance.tailshare=0.2", "balance.tailshare", "did you mean balance.tail_share?"),
        ("crawl.file=x", "crawl.file", "did you mean crawl.files?"),
        ("metadata.fle=x", "metadata.fle", "did you mean metadata.file?"),
        ("warehose=x", "warehose", "did you mean warehouse?"),
        ("balnce.t=3", "balnce", "did you mean balance"),
        ("min_coverage=1", "min_coverage", "did you mean crawl.min_coverage?"),
        ("crawl.extraction.limits.max_page=1", "max_page", "did you mean crawl.extraction.limits"),
        ("zzz=1", "zzz", "conf/default.yaml lists all settings"),
    ],
)
def test_a_misspelt_setting_is_refused_with_the_nearest_key(
    assignment: str, found: str, hint: str
) -> None:
    message = refused(assignment)
    assert message.startswith(f"--set {assignment}: expected a known setting, found ")
    assert found in message
    assert hint in message


@pytest.mark.parametrize(
    ("assignment", "expected", "found"),
    [
        ("balance.t=many", "float | null", "'many'"),
        ("balance.t=[1]", "float | null", "[1]"),
        ("balance.size=1.5", "int | null", "1.5"),
        ("balance.size=0", ">= 1", "0"),
        ("balance.seed=x", "int", "'x'"),
        ("crawl.files=3", "str | array", "3"),
        ("crawl.min_coverage=1.1", "<= 1", "1.1"),
        ("crawl.min_coverage=half", "float", "'half'"),
        ("metadata.version=12", "str | null", "12"),
        ("matching.engine=fast", "one of ", "'fast'"),
        ("matching.spacing=loose", "one of ", "'loose'"),
        ("balance.dedup=none", "one of all, crawl", "'none'"),
        ("balance=3", "balance to hold settings", "3"),
        ("crawl.extraction.opt_outs=perhaps", "bool", "'perhaps'"),
        ("balance.t=.nan", "a finite number above 0", "nan"),
        ("balance.t=.inf", "a finite number above 0", "inf"),
        ("balance.t=0", "a finite number above 0", "0"),
        ("balance.t=-1", "a finite number above 0", "-1"),
        ("balance.reference_t=0", "a finite number above 0", "0"),
        ("balance.reference_matches=0", ">= 1", "0"),
        ("balance.texts_per_image=two", "one of all, one", "'two'"),
        ("balance.parent='a b'", "a name of letters", "'a b'"),
        ("plan.t=[3, 0]", "finite numbers above 0", "0"),
        ("plan.t=3", "array", "3"),
        ("balance.tail_share=0", "above 0 and below 1", "0"),
        ("balance.tail_share=1", "above 0 and below 1", "1"),
        ("balance.tail_share=1.5", "above 0 and below 1", "1.5"),
        ("balance.tail_share=-0.1", "above 0 and below 1", "-0.1"),
        ("balance.tail_share=.nan", "above 0 and below 1", "nan"),
        (f"balance.seed={2**63}", "64 bits", str(2**63)),
        (f"balance.seed={-(2**63) - 1}", "64 bits", str(-(2**63) - 1)),
        (f"balance.seed={2**64}", "", str(2**64)),
        ("warehouse=", "str", "null"),
        ("warehouse=''", "length >= 1", "''"),
    ],
)
def test_a_value_out_of_range_is_refused(assignment: str, expected: str, found: str) -> None:
    message = refused(assignment)
    assert message.startswith(f"--set {assignment}: expected ")
    wanted, _, shown = message.partition(": expected ")[2].partition(", found ")
    assert expected in wanted
    assert found in shown


@pytest.mark.parametrize("seed", [2**63 - 1, -(2**63)])
def test_the_least_and_the_largest_seed_are_taken(seed: int) -> None:
    assert load_config(None, [f"balance.seed={seed}"]).balance.seed == seed


@pytest.mark.parametrize("name", ["a/b", "a b", "ä", "..\\x", "a'b", '""', "a\\n", "é.1", "'a\n'"])
@pytest.mark.parametrize("key", ["crawl.name", "balance.curation"])
def test_a_name_with_other_characters_is_refused(key: str, name: str) -> None:
    assert "a name of letters, digits, '.', '_' and '-'" in refused(f"{key}={name}")


def test_a_bad_name_in_a_list_is_refused() -> None:
    message = refused("balance.crawls=[good, 'not good']")
    assert "a name of letters, digits, '.', '_' and '-'" in message
    assert "not good" in message


def test_a_number_as_name_has_to_be_quoted() -> None:
    assert "put it in quotes" in refused("crawl.name=2024")
    assert load_config(None, ["crawl.name='2024'"]).crawl.name == "2024"


@pytest.mark.parametrize(
    ("assignments", "found"),
    [
        (["balance.t=3", "balance.size=4"], "t and size"),
        (["balance.tail_share=0.3", "balance.size=4"], "tail_share and size"),
        (["balance.t=3", "balance.tail_share=0.3"], "t and tail_share"),
        (["balance.t=3", "balance.tail_share=0.3", "balance.size=1"], "t and tail_share and size"),
        (["balance.size=3", "balance.reference_matches=9"], "size and reference_matches"),
    ],
)
def test_two_ways_to_t_are_refused(assignments: list[str], found: str) -> None:
    message = refused(*assignments)
    expected = "expected at most one of t, tail_share, size and reference_matches"
    assert f"{expected}, found {found}" in message


@pytest.mark.parametrize(
    ("assignments", "line"),
    [
        (["balance.parent=a"], "parent and survivors together, found parent alone"),
        (["balance.survivors=a.csv"], "parent and survivors together, found survivors alone"),
        (
            ["balance.parent=a", "balance.survivors=[]"],
            "parent and survivors together, found parent alone",
        ),
        (
            ["balance.parent=default", "balance.survivors=a.csv"],
            "another curation than this one, found default",
        ),
    ],
)
def test_a_parent_needs_its_survivors(assignments: list[str], line: str) -> None:
    assert line in refused(*assignments)


def test_a_short_vacuum_has_to_be_allowed() -> None:
    message = refused("maintain.vacuum_hours=167")
    assert "expected at least 168 (a job that still runs would lose its files; " in message
    assert message.endswith("set maintain.short_vacuum=true), found 167")
    for settings in ([], ["maintain.short_vacuum=true"], ["maintain.vacuum_hours=null"]):
        load_config(None, ["maintain.vacuum_hours=168", *settings])
    load_config(None, ["maintain.vacuum_hours=0", "maintain.short_vacuum=true"])


def test_a_setting_of_the_file_is_named_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "my.yaml"
    file.write_text("balance:\n  t: lots\n")
    assert refused(file=file) == f"{file}: balance.t: expected float | null, found str 'lots'"
    file.write_text("balance:\n  t: 3\n  size: 4\n")
    assert refused(file=file).startswith(f"{file}: balance.t: expected at most one of")
    file.write_text("balanse:\n  t: 3\n")
    assert refused(file=file).startswith(f"{file}: expected a known setting, found balanse")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"balance: {t: 3", "YAML"),
        (b"a: b: c", "YAML"),
        (b"- 1\n- 2\n", "sections with settings"),
        (b"just words", "sections with settings"),
        (b"balance: 3\n", "balance to hold settings"),
        (b"balance:\n", "balance to hold settings"),
        (b"\xff\xfe", "a readable YAML file"),
        (b"3: 4\n", "a known setting"),
    ],
)
def test_a_file_without_settings_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    file = tmp_path / "my.yaml"
    file.write_bytes(content)
    assert f"expected {expected}" in refused(file=file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refused(file=tmp_path / "none.yaml")
    assert "Is a directory" in refused(file=tmp_path)


@pytest.mark.parametrize("assignment", ["balance.t", "=3", "balance.t=[", "", "balance..t=1", "."])
def test_a_word_that_is_no_assignment_is_refused(assignment: str) -> None:
    refused(assignment)


@pytest.mark.parametrize(
    "argv", [["--conf", "x", "y"], ["positional"], ["--set"], ["--unknown"], ["--config"]]
)
def test_a_wrong_command_line_is_refused(argv: list[str]) -> None:
    with pytest.raises(InputError, match=r"^command line: expected --config FILE and --set "):
        parse_arguments("a job", argv)


@pytest.mark.parametrize(
    "key", ["spark.driver.memory", "spark.jars.packages", "spark.jars", "spark.master"]
)
def test_late_settings_are_refused_under_spark_submit(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_config(None, [f"spark.{key}=x"])
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    assert f"give it to spark-submit: --conf {key}=" in refused(f"spark.{key}=x")


def test_equal_settings_have_one_digest() -> None:
    config = load_config(None, ["balance.t=3"])
    assert config.digest() == load_config(None, ["balance.t=3.0"]).digest()
    assert config.digest() != load_config(None, ["balance.t=4"]).digest()
    assert msgspec.json.decode(config.to_json(), type=Config) == config


def test_stored_settings_have_no_credentials() -> None:
    config = load_config(
        None,
        [
            "crawl.files=['https://ann:pa55@h.example/x.gz?sig=5ecret&a=b', s3://bucket/x]",
            "crawl.prefix=https://ann:pa55@h.example/",
            "spark.spark.hadoop.fs.s3a.secret.key=5ecret",
        ],
    )
    kept = config.to_json()
    assert not [secret for secret in ("ann", "pa55", "sig", "5ecret") if secret in kept]
    assert f"https://{HIDDEN}@h.example/x.gz?{HIDDEN}" in kept
    assert "s3://bucket/x" in kept
    message = refused("crawl.file=https://ann:pa55@h.example/x.gz?sig=5ecret")
    assert message.startswith(f"--set crawl.file=https://{HIDDEN}@h.example/x.gz?{HIDDEN}")


@pytest.mark.parametrize(
    ("assignments", "line"),
    [
        (["crawl.kind=wat"], "crawl.name to be a snapshot such as CC-MAIN-2024-22, found local"),
        (
            ["crawl.kind=warc", "crawl.name=CC-MAIN-2024-22", "crawl.files=x"],
            "to be null where crawl.files is set, found both",
        ),
        (["crawl.kind=wet"], "one of wat, warc, null, found"),
        (["crawl.limit=0"], ">= 1"),
        (["crawl.retry=some"], "one of failed, all, null, found"),
        (["crawl.requests.concurrent=0"], ">= 1"),
        (["crawl.requests.timeout=0"], "> 0"),
    ],
)
def test_wrong_settings_of_a_crawl_are_refused(assignments: list[str], line: str) -> None:
    assert line in refused(*assignments)
