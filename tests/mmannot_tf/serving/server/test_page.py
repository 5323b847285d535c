"""The page at `/` in a real Chromium, without a window: what a person does, by keyboard and by touch."""

import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

pytest.importorskip("playwright", reason="needs Playwright: make lint installs it")
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

XMP = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:dc="http://purl.org/dc/elements/1.1/" dc:subject="beach"/></rdf:RDF>"""
CARD = """# <i>mine</i>: image annotation with a predicted number of labels

## Scores

On 5 images, percent.
C- are means.

| C-P | I-P | I-R | I-F1 |
|---:|---:|---:|---:|
| 72.7 | 75.0 | 76.5 | 75.7 |

## Limits
"""
expect.set_options(timeout=30_000)  # milliseconds; a busy machine takes more than the usual five seconds
PHONE = {"width": 390, "height": 844}


def _answers(card):
    """Titles and lines of a card's answers, the cut in its place."""
    return [
        (section.locator("h3").inner_text(), section.locator("li").all_inner_texts())
        for section in card.locator(".answers section").all()
    ]


def _lines(*lines):
    return [line.replace(" %", "\u00a0%") for line in lines]


def test_labels_with_and_without_tags_and_where_the_cut_falls(visit, file):
    page = visit()
    page.get_by_label("Tags of the photographs").fill("Beach, zyx")
    page.get_by_label("Choose photographs").set_input_files([file()])
    expect(page.get_by_role("status")).to_have_text("Annotated: 1.")
    card = page.get_by_role("list", name="Annotated photographs").get_by_role("listitem").first
    assert _answers(card) == [
        (
            "With these tags",
            _lines("sky\n100.0 %", "sea\n50.0 %", "cut after 2", "person\n25.0 %"),
        ),
        ("Without tags", _lines("sky\n100.0 %", "cut after 1", "sea\n50.0 %", "person\n25.0 %")),
    ]
    expect(card).to_contain_text("The tags change the labels: +\u00a0sea")
    expect(card).to_contain_text("Not known to the model: zyx.")
    expect(card).to_contain_text("2 labels; predicted quantity 2.00")
    assert card.locator("img").evaluate("image => image.naturalWidth") == 20


def test_keywords_of_photographs_become_tags_that_can_be_changed(visit, photo):
    page, written = visit(), io.BytesIO()
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", XMP)
    Image.open(io.BytesIO(photo())).save(written, "PNG", pnginfo=text)
    page.get_by_label("Tags of the photographs").fill("zyx")
    page.get_by_label("Add the keywords").check()
    own = {"name": "own.png", "mimeType": "image/png", "buffer": written.getvalue()}
    page.get_by_label("Choose photographs").set_input_files([own])
    expect(page.get_by_role("status")).to_have_text("Annotated: 1.")
    card = page.locator("#cards > li").first
    expect(card.get_by_label("Tags")).to_have_value("zyx, beach")
    expect(card).to_contain_text("The tags change the labels: +\u00a0sea")
    card.get_by_label("Tags").fill("")
    card.get_by_label("Tags").press("Enter")
    expect(page.get_by_role("status")).to_have_text("Annotated: 2.")
    assert [title for title, _ in _answers(card)] == ["Without tags"]


def test_bars_are_as_long_as_probabilities(visit, file):
    page = visit()
    page.get_by_label("Choose photographs").set_input_files([file()])
    expect(page.get_by_role("status")).to_have_text("Annotated: 1.")
    widths = page.locator(".answers i").evaluate_all(
        "bars => bars.map(bar => parseFloat(getComputedStyle(bar, '::before').width) / bar.clientWidth)"
    )
    assert widths == pytest.approx([1.0, 0.5, 0.25], abs=0.01)


def test_the_keyboard_is_enough(visit, file):
    page = visit()
    page.on("filechooser", lambda _: None)  # or Chromium's own dialog may come before it is asked not to
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "photos"
    assert page.locator("#drop").evaluate("drop => getComputedStyle(drop).outlineStyle") == "solid"
    with page.expect_file_chooser() as chosen:
        page.keyboard.press("Enter")
    chosen.value.set_files([file("a.png"), file("b.png", 0)])
    expect(page.get_by_role("status")).to_have_text("Annotated: 2.")
    buttons = ("copy", "manifest", "predictions", "sidecars", "json")
    for name in ("choose", "tags", "own", "way", "least", "most", *buttons):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == name
    page.keyboard.press("Tab")
    page.keyboard.type("café")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Annotated: 3.")
    first, second = page.locator("#cards > li").all()
    assert [title for title, _ in _answers(first)] == ["With these tags", "Without tags"]
    assert [title for title, _ in _answers(second)] == ["Without tags"]
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")  # Remove
    expect(page.locator("#cards > li")).to_have_count(1)
    expect(page.locator("figcaption")).to_have_text("b.png")
    assert page.evaluate("document.activeElement.closest('li') !== null")


def test_photographs_are_dropped_and_others_passed_over(visit, file):
    page = visit()
    drop = """async ([...files]) => {
        const transfer = new DataTransfer();
        for (const [name, type, bytes] of files) {
            transfer.items.add(new File([Uint8Array.from(bytes)], name, {type}));
        }
        for (const kind of ["dragover", "drop"]) {
            const event = new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true});
            document.querySelector("h1").dispatchEvent(event);
        }
    }"""
    page.evaluate(drop, [["a.png", "image/png", [*file()["buffer"]]], ["notes.txt", "text/plain", [65]]])
    expect(page.get_by_role("status")).to_have_text(
        "Annotated: 1. Skipped, for they are no photographs: notes.txt."
    )
    expect(page.locator("figcaption")).to_have_text("a.png")
    assert not page.locator("#drop.over").count()


def test_what_cannot_be_annotated_says_why_and_can_be_asked_again(visit, file, running):
    page = visit()
    broken = {**file("broken.png"), "buffer": b"no image"}
    page.get_by_label("Choose photographs").set_input_files([broken, file()])
    expect(page.get_by_role("status")).to_have_text("Annotated: 2.")
    expect(page.locator("#cards > li").first.get_by_role("alert")).to_have_text(
        "Not annotated: not JPEG, PNG, WebP, HEIC, TIFF, BMP or GIF."
    )
    second = page.locator("#cards > li").nth(1)
    expect(second.get_by_role("alert")).to_be_hidden()
    page.route("**/annotate*", lambda route: route.abort("connectionrefused"))
    second.get_by_role("button", name="Annotate").click()
    expect(second.get_by_role("alert")).to_have_text("The server does not respond.")
    page.unroute("**/annotate*")
    second.get_by_role("button", name="Annotate").click()
    expect(second.locator(".answers section")).to_have_count(1)
    expect(second.get_by_role("alert")).to_be_hidden()


def test_text_from_outside_is_never_markup(visit, file):
    page = visit()
    page.get_by_label("Tags of the photographs").fill("<img src=x onerror=alert(1)>")
    page.get_by_label("Choose photographs").set_input_files([file("<b>bold</b>.png")])
    expect(page.get_by_role("status")).to_have_text("Annotated: 1.")
    card = page.locator("#cards > li")
    expect(card.locator("figcaption")).to_have_text("<b>bold</b>.png")
    expect(card.locator(".unknown")).to_have_text("Not known to the model: <img src=x onerror=alert(1)>.")
    assert card.locator("img").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_cut_off_and_fingers_can_hit(visit, file, scheme):
    page = visit(viewport=PHONE, has_touch=True, is_mobile=True, color_scheme=scheme)
    page.get_by_label("Tags of the photographs").fill("beach, " + "x" * 60)
    page.get_by_label("Choose photographs").set_input_files([file("a-very-long-name-" * 8 + ".png")])
    expect(page.get_by_role("status")).to_have_text("Annotated: 1.")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for box in page.locator("button, input[type=text]").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).map(({height, right}) => [height, right])"
    ):
        assert box[0] >= 44
        assert box[1] <= PHONE["width"]


def test_many_photographs_are_all_answered(visit, file, running):
    page = visit()
    page.get_by_label("Choose photographs").set_input_files(
        [file(f"{number}.png", number) for number in range(20)]
    )
    expect(page.get_by_role("status")).to_have_text("Annotated: 20.")
    shares = page.locator(".answers section:first-child .given span:last-of-type").all_inner_texts()
    assert shares == _lines(*(f"{100 * number / 255:.1f} %" for number in range(20)))
    assert sum(running.engine.batches) == 20


def test_the_cut_moves_as_one_drags(visit, file):
    page = visit()
    page.get_by_label("Choose photographs").set_input_files([file(), file("dim.png", 128)])
    expect(page.get_by_role("status")).to_have_text("Annotated: 2.")
    first, second = (page.locator("#cards > li").nth(number) for number in (0, 1))
    page.get_by_label("How many labels").select_option("one_threshold")
    slider = page.get_by_role("slider")
    expect(slider).to_have_value("0.5")
    for value, cuts in ((0.3, (2, 1)), (0.2, (3, 2)), (0.9, (1, 0)), (0.2, (3, 2))):
        slider.fill(str(value))
        for card, cut in zip((first, second), cuts, strict=True):
            expect(card.locator(".cut")).to_have_text(f"cut after {cut}")
    page.get_by_label("at most").fill("1")
    expect(first.locator(".cut")).to_have_text("cut after 1")
    page.get_by_label("Choose photographs").set_input_files([file("later.png")])
    expect(page.locator("#cards > li").nth(2).locator(".cut")).to_have_text("cut after 1")
    page.get_by_label("at most").fill("")
    page.get_by_label("How many labels").select_option("as the model decides")
    expect(page.get_by_role("slider")).to_have_count(0)
    expect(first.locator(".cut")).to_have_text("cut after 1")
    page.get_by_label("How many labels").select_option("top_k")
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowLeft")
    expect(first.locator(".cut")).to_have_text("cut after 2")


def test_numbers_that_cannot_be_are_named(visit, file):
    page = visit()
    page.get_by_label("Choose photographs").set_input_files([file()])
    expect(page.get_by_role("status")).to_have_text("Annotated: 1.")
    page.get_by_label("at least").fill("3")
    page.get_by_label("at most").fill("2")
    expect(page.locator("#deciding .error")).to_contain_text("most must not be below least")
    page.get_by_label("at most").fill("3")
    expect(page.locator("#deciding .error")).to_be_hidden()
    expect(page.locator(".cut")).to_have_text("cut after 3")


@pytest.mark.exhaustive
def test_a_slider_for_k_is_of_use_with_many_labels(visit):
    labels = [f"label {number}" for number in range(10_000)]
    for k, end in ((3, "20"), (30, "60"), (8_000, "10000")):
        way = {"name": "top_k", "title": "k labels", "parameters": {"k": k}}
        page = visit(decisions={"ways": [way], "labels": labels})
        page.get_by_label("How many labels").select_option("top_k")
        expect(page.get_by_role("slider")).to_have_attribute("max", end)
        expect(page.get_by_role("slider")).to_have_value(str(k))


def test_labels_of_the_model_are_offered_where_one_adds(visit, file):
    page = visit()
    page.get_by_label("Choose photographs").set_input_files([file()])
    offered = page.get_by_label("Add labels").evaluate(
        "input => [...input.list.options].map(one => one.value)"
    )
    assert offered == ["sky", "sea", "person"]


def test_the_page_says_which_model_it_is_and_how_good(start, visit_server, tmp_path):
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "README.md").write_text(CARD, encoding="utf-8")
    page = visit_server(start())
    expect(page.locator("#model")).to_have_text(
        "Model <i>mine</i>: 3 labels, precision 75.0\u00a0%, recall 76.5\u00a0%, F1 75.7\u00a0%."
    )
    page.get_by_text("How good the model was found to be").click()
    expect(page.locator("#scores p")).to_have_text("On 5 images, percent. C- are means.")
    assert page.locator("#scores tr").all_inner_texts() == ["C-P\tI-P\tI-R\tI-F1", "72.7\t75.0\t76.5\t75.7"]


def test_a_model_without_a_card_has_a_name(visit, tmp_path):
    page = visit()
    expect(page.locator("#model")).to_have_text(f"Model {tmp_path.name}: 3 labels.")
    expect(page.locator("#scores")).to_be_hidden()


def test_labels_can_be_copied(visit, file):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_label("Choose photographs").set_input_files([file()])
    expect(page.get_by_role("status")).to_have_text("Annotated: 1.")
    page.get_by_role("button", name="Copy labels").click()
    expect(page.get_by_role("status")).to_have_text("Copied the labels of 1.")
    assert page.evaluate("navigator.clipboard.readText()") == "sea.png: sky"


def test_the_page_lists_the_labels_that_the_model_knows(visit):
    page = visit()
    page.get_by_text("The 3 labels that the model knows").click()
    expect(page.locator("#known p")).to_have_text("sky, sea, person")
