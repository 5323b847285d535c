"""Settings with their reasons, as TOML."""

from mmannot_tf.proposal.document import document
from mmannot_tf.proposal.setting import Setting, SettingGroup


def test_a_group_becomes_a_section_with_comments():
    group = SettingGroup("data", "What is read.", (Setting("image_size", 224, "Pixels."),))
    assert document(["Made by a test.", "  a command"], [group]) == (
        "# Made by a test.\n#   a command\n\n# What is read.\n[data]\n# Pixels.\nimage_size = 224\n"
    )


def test_a_group_without_a_reason_has_no_comment():
    group = SettingGroup("evaluation", "", (Setting("k", 3, "Labels."),))
    assert document([], [group]) == "\n[evaluation]\n# Labels.\nk = 3\n"


def test_a_list_stands_on_one_line():
    group = SettingGroup("model", "", (Setting("tag_hidden", [256, 128], "Units."),))
    assert "\ntag_hidden = [256, 128]\n" in document([], [group])
