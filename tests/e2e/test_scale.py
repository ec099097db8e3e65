"""The live part of the Scale page in a real browser: a hand on a slider, a keyboard, a phone."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from effnet_viz.figures.base import si
from effnet_viz.scaling.architectures import EFFICIENTNET_B0
from effnet_viz.scaling.compound import Coefficients, Multipliers
from effnet_viz.scaling.study import study
from effnet_viz.ui.scale.words import times
from tests.e2e.conftest import SCREENSHOTS, both_schemes, forget, settled

pytestmark = pytest.mark.browser

LIVE = "html.effnet-scale-live"


def opened(page: Page, address: str) -> list[str]:
    """Open the page, wait for its live part; the messages it has sent to the server since."""
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.append("frame")))
    page.goto(address)
    settled(page)
    expect(page.locator(LIVE)).to_have_count(1)
    expect(page.locator("svg.networks")).to_be_visible()
    return sent


def slider(page: Page, name: str) -> Locator:
    return page.locator(".controls").get_by_role("slider", name=name)


def place(page: Page, name: str, share: float) -> tuple[float, float]:
    """Where on screen a slider has gone that share of its way: between centres of its thumb."""
    box = slider(page, name).bounding_box()
    assert box is not None
    return box["x"] + 8 + (box["width"] - 16) * share, box["y"] + box["height"] / 2


def total(page: Page, index: int = 0) -> Locator:
    return page.locator(".totals .value").nth(index)


def built(page: Page) -> Locator:
    return page.locator(".totals .times").first


def touched(page: Page, name: str) -> None:
    """A pointer on the slider: its table is asked for and comes."""
    slider(page, name).hover()
    expect(page.locator("html.effnet-scale-asked")).to_have_count(0)
    settled(page)


def test_dragging_phi_sends_nothing_and_shows_the_studys_numbers(page: Page, server: str):
    sent = opened(page, f"{server}/?guess=Just+show+me")
    touched(page, "φ")
    page.mouse.move(*place(page, "φ", 4 / 11))
    page.mouse.down()
    settled(page)
    sent.clear()
    for phi in (1.5, 2, 3.3, 5, 8, -3, 0.7, 2.4):
        page.mouse.move(*place(page, "φ", (phi + 3) / 11), steps=4)
        result = study(phi=phi)
        expect(page.locator(".phi .typed")).to_have_value(f"{phi:g}")
        expect(total(page)).to_have_text(si(result.cost.macs))
        expect(built(page)).to_have_text(times(result.gap.built_ratio))
        expect(total(page, 1)).to_have_text(si(result.cost.params))
        rows = page.locator(".picture tbody tr")
        for row in result.cost.stages:
            expect(rows.nth(row.stage - 1)).to_contain_text(si(row.macs))
            expect(rows.nth(row.stage - 1)).to_contain_text(str(row.out_channels))
        costs = page.locator("svg.networks .cost").all_text_contents()
        assert costs[-1] == si(result.cost.macs)
    assert not sent
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"phi=2\.4"))
    settled(page)
    assert len(sent) == 1
    expect(page.get_by_role("heading", name="φ = 2.4 beside B0-B7")).to_be_visible()
    frames = page.evaluate("performance.getEntriesByName('scale-frame').map(e => e.duration)")
    assert frames
    late = sorted(frames)[int(0.95 * len(frames))]
    print(f"input to picture: 95th percentile {late:.0f} ms of {len(frames)} frames")


def test_dragging_a_held_coefficient_moves_the_others_and_sends_nothing(page: Page, server: str):
    sent = opened(page, f"{server}/?guess=Just+show+me")
    touched(page, "α")
    page.mouse.move(*place(page, "α", 0.2))
    page.mouse.down()
    settled(page)
    sent.clear()
    page.mouse.move(*place(page, "α", 0.5), steps=6)
    expect(page.locator(".alpha .typed")).to_have_value("1.500")
    values = [float(page.locator(f".{key} .typed").input_value()) for key in ("beta", "gamma")]
    result = study(alpha=1.5, beta=values[0], gamma=values[1], phi=1)
    expect(total(page)).to_have_text(si(result.cost.macs))
    expect(page.locator(".product")).to_contain_text("α·β²·γ² 1.92")
    expect(page.locator(".product")).to_contain_text(f"built {times(result.gap.built_ratio)}")
    assert not sent
    page.mouse.up()
    expect(page).to_have_url(re.compile(rf"alpha=1\.5.*beta={values[0]}.*gamma={values[1]}"))
    settled(page)
    assert len(sent) == 1
    expect(total(page)).to_have_text(si(result.cost.macs))

    page.get_by_role("button", name="Make it exactly 2").click()
    expect(page.locator(".product")).to_contain_text("α·β²·γ² 2.00")
    page.get_by_role("button", name="Reset to the paper's values").click()
    expect(page.locator(".alpha .typed")).to_have_value("1.200")
    expect(page.get_by_role("switch", name="Hold α·β²·γ² at 1.92")).to_be_checked()


def test_by_keyboard_and_for_a_screen_reader(page: Page, server: str):
    opened(page, f"{server}/?guess=Just+show+me")
    phi = slider(page, "φ")
    phi.focus()
    for key, value in (("ArrowRight", 1.1), ("ArrowRight", 1.2), ("Home", -3), ("End", 8)):
        page.keyboard.press(key)
        cost = si(study(phi=value).cost.macs).replace(" B", " billion").replace(" M", " million")
        expect(phi).to_have_attribute("aria-valuetext", re.compile(f"^{value:g}: {cost} multiply"))
    expect(page.locator("[aria-live=polite]").first).to_contain_text("72.7 billion multiply-adds")
    expect(page).to_have_url(re.compile(r"phi=8"))
    settled(page)
    expect(phi).to_be_focused()
    picture = page.get_by_role("img", name=re.compile("^Five networks drawn.*at φ = 8"))
    expect(picture).to_be_visible()


def test_a_typed_value_is_taken_exactly(page: Page, server: str):
    opened(page, f"{server}/?by=d,+w,+r")
    field = page.get_by_role("textbox", name="r, type a value")
    field.fill("258")
    field.press("Enter")
    expect(page).to_have_url(re.compile("px=258"))
    result = study(resolution_px=258)
    expect(total(page)).to_have_text(si(result.cost.macs))
    field.fill("nonsense")
    field.press("Enter")
    expect(field).to_have_value("258")
    field.fill("99999")
    field.press("Enter")
    expect(field).to_have_value("1024")


def test_roles_are_lit_while_they_hold(page: Page, server: str):
    opened(page, f"{server}/?by=d,+w,+r")
    width = page.locator(".controls").get_by_role("button", name="width", exact=True)
    width.click()
    expect(width).to_have_attribute("aria-pressed", "true")
    expect(total(page)).to_have_text(si(study(width=2.0).cost.macs))
    touched(page, "d, depth")
    slider(page, "d, depth").focus()
    page.keyboard.press("ArrowRight")
    expect(width).to_have_attribute("aria-pressed", "false")


def test_released_variants_and_another_baseline(page: Page, server: str):
    opened(page, f"{server}/?by=B0-B7")
    controls = page.locator(".controls")
    controls.get_by_role("button", name="B4", exact=True).click()
    expect(total(page, 1)).to_have_text("19.3 M")
    expect(page).to_have_url(re.compile("variant=B4"))
    settled(page)
    page.reload()
    settled(page)
    expect(total(page, 1)).to_have_text("19.3 M")
    controls.get_by_role("combobox", name="Baseline").select_option("resnet_50")
    expect(page.locator(".picture tbody")).to_contain_text("Bottleneck k3x3")
    expect(controls.get_by_role("button", name="B0-B7")).to_be_hidden()
    expect(page.locator(".picture tbody tr")).to_have_count(6)


def test_the_guess_is_asked_once_and_answered(page: Page, server: str):
    opened(page, server)
    expect(total(page)).to_have_text("?")
    expect(total(page, 1)).to_have_text("9.11 M")
    expect(page.locator(".picture tbody tr")).to_have_count(9)
    page.locator(".guess").get_by_role("button", name="1.9×").click()
    expect(page.locator(".guess")).to_contain_text(
        "You guessed 1.9×. The law says 1.92×, the built"
    )
    expect(total(page)).to_have_text("993 M")
    settled(page)
    page.reload()
    settled(page)
    expect(page.locator(".guess")).to_contain_text("You guessed 1.9×.")


def test_the_curve_leads_there_and_phi_walks(page: Page, server: str):
    opened(page, f"{server}/?guess=Just+show+me")
    curve = page.locator("svg.curve")
    expect(curve).to_contain_text("B7")
    box = curve.bounding_box()
    assert box is not None
    there = 8 + (box["width"] - 16) * (5 + 3) / 11
    curve.click(position={"x": there, "y": box["height"] / 2})
    expect(page).to_have_url(re.compile(r"phi=5\b"))
    expect(page.locator(".phi .typed")).to_have_value("5")
    settled(page)
    page.get_by_role("button", name="Walk φ to its end").click()
    expect(page.locator(".phi .typed")).not_to_have_value("5")
    expect(page.locator(".phi .typed")).to_have_value("8")
    expect(page).to_have_url(re.compile(r"phi=8\b"))
    expect(page.get_by_role("button", name="Walk φ to its end")).to_be_visible()


def test_a_limit_keeps_the_last_network_and_says_why(page: Page, server: str):
    opened(page, f"{server}/?lock=false&alpha=2&phi=5")
    page.mouse.move(*place(page, "φ", 8 / 11))
    page.mouse.down()
    page.mouse.move(*place(page, "φ", 1), steps=5)
    expect(page.locator(".limit")).to_contain_text("φ = 8 makes the depth 256×; it ends at 64×")
    beyond = Coefficients(6, 2, 1.1, 1.15)
    expect(total(page)).to_have_text(si(study(EFFICIENTNET_B0, beyond).cost.macs))
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"phi=6\b"))
    expect(page.locator(".limit")).to_contain_text("it ends at 64×")

    page.goto(f"{server}/?lock=false&alpha=2&phi=8")
    settled(page)
    page.get_by_role("button", name="Back to φ = 6").click()
    expect(page).to_have_url(re.compile(r"phi=6\b"))
    expect(page.locator(".limit")).to_be_hidden()


def test_the_first_screen_holds_what_matters_and_controls_stay_in_reach_below(
    page: Page, server: str
):
    opened(page, f"{server}/?guess=Just+show+me")
    for seen in (total(page), page.locator("svg.networks"), page.locator(".picture tbody tr").last):
        expect(seen).to_be_in_viewport(ratio=1)
    block_and_table_row_point_at_each_other(page)
    page.get_by_role("heading", name="Take it away").scroll_into_view_if_needed()
    expect(slider(page, "φ")).to_be_in_viewport()


def block_and_table_row_point_at_each_other(page: Page) -> None:
    page.locator(".picture tbody tr").nth(5).hover()
    expect(page.locator("svg.networks .compound .stages > g").nth(5)).to_have_class("hot")
    slabs = page.locator("svg.networks .width .stages > g").nth(6).bounding_box()
    assert slabs is not None
    page.mouse.move(slabs["x"] + slabs["width"] / 2, slabs["y"] + slabs["height"] / 2)
    expect(page.locator(".picture tbody tr").nth(6)).to_have_class("hot")
    tip = page.locator(".tip")
    expect(tip).to_contain_text("width, stage 7: block")
    only_width = study(EFFICIENTNET_B0, Multipliers(1, 1.1, 224))
    expect(tip).to_contain_text(si(only_width.cost.stages[6].macs))


def test_without_its_script_the_page_has_streamlits_own_controls(
    shared: BrowserContext, server: str
):
    page = shared.new_page()  # whose errors are wanted
    page.add_init_script("URL.createObjectURL = () => 'data:text/javascript,throw 0'")
    page.goto(server)
    settled(page)
    phi = page.get_by_test_id("stSlider").get_by_role("slider", name=re.compile("φ"))
    expect(phi).to_be_visible()
    phi.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("stMetric").first).to_contain_text(si(study(phi=1.1).cost.macs))
    settled(page)  # the table of before has gone
    expect(page.get_by_test_id("stTable").filter(has_text="operator")).to_be_visible()
    forget(page)


def test_on_a_phone_phi_and_what_it_does_share_the_first_screen(browser: Browser, server: str):
    SCREENSHOTS.mkdir(exist_ok=True)
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    opened(page, f"{server}/?phi=2")
    expect(slider(page, "φ")).to_be_in_viewport(ratio=1)
    expect(total(page)).to_be_in_viewport(ratio=1)
    expect(page.locator("svg.networks .compound .stages")).to_be_in_viewport()
    expect(slider(page, "α")).to_be_hidden()
    page.get_by_role("button", name="More").tap()
    expect(slider(page, "α")).to_be_visible()
    page.get_by_role("button", name="Less").tap()
    main = page.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 1
    for scheme in both_schemes(page):
        page.screenshot(path=SCREENSHOTS / f"scale-live-{scheme}-390.png")
    x, y = place(page, "φ", 0.5)
    page.touchscreen.tap(x, y)
    expect(page.locator(".phi .typed")).not_to_have_value("2")
    context.close()


def test_the_tables_are_read_once(page: Page, server: str):
    """What was looked up is kept: touching a slider again asks for nothing."""
    sent = opened(page, f"{server}/?guess=Just+show+me")
    for name in ("β", "γ", "α"):
        touched(page, name)
    settled(page)
    sent.clear()
    for name in ("β", "φ", "γ"):
        slider(page, name).hover()
    expect(page.locator(".curve-box")).to_be_visible()
    assert not sent
