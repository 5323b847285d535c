import importlib.util
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pytest

from tfrecords_tools.tag_rule.table import FILE, hangul_letters, hangul_syllable, rule_table

# The Unicode database of perl, as ranges of code points.
IGNORABLE = r"""
my $start = -1;
for my $point (0 .. 0x110000) {
    my $is = $point < 0x110000 && chr($point) =~ /\p{Default_Ignorable_Code_Point}/;
    $start = $point if $is && $start < 0;
    if (!$is && $start >= 0) { print "$start ", $point - 1, "\n"; $start = -1 }
}
"""


def _make_table():
    file = Path(__file__).with_name("make_table.py")
    spec = importlib.util.spec_from_file_location("make_table", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="Python's Unicode is not the table's")
def test_the_file_is_what_the_generator_makes():
    assert FILE.read_text(encoding="ascii") == _make_table().table()


def test_hangul_is_composed_and_decomposed_by_arithmetic():
    assert hangul_letters(0xAC01) == "\u1100\u1161\u11a8"
    assert hangul_letters(0xAC00) == "\u1100\u1161"
    assert hangul_syllable("\u1100", "\u1161") == "\uac00"
    assert hangul_syllable("\uac00", "\u11a8") == "\uac01"
    assert hangul_syllable("\uac01", "\u11a8") == hangul_syllable("a", "b") == ""


def test_folded_forms_are_folded():
    fold = rule_table().fold
    assert [form for form in fold.values() if form.translate(fold) != form] == []


def test_marks_keep_their_class_when_they_are_folded():
    """Otherwise canonically equivalent texts could be ordered differently."""
    fold, classes = rule_table().fold, rule_table().classes
    changed = {point: fold[point] for point in classes if point in fold}
    assert [
        point
        for point, form in changed.items()
        if {classes.get(ord(one), 0) for one in form} != {classes[point]}
    ] == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("perl") is None, reason="perl is not installed")
def test_vanishing_characters_are_perls_default_ignorable_ones():
    """Perl 5.36, of Unicode 14; other versions assign other characters, but list the same ones."""
    output = subprocess.run(["perl", "-e", IGNORABLE], capture_output=True, text=True, check=True).stdout
    ranges = [tuple(map(int, line.split())) for line in output.splitlines()]
    expected = {point for first, last in ranges for point in range(first, last + 1)}
    assert {point for point, form in rule_table().fold.items() if not form} == expected
