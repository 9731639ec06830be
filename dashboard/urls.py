"""Addresses of the pages: what everybody signed in may do, and what needs a staff account."""

from collections.abc import Callable

from django.contrib.auth.views import LogoutView
from django.http import HttpResponse
from django.urls import URLPattern, path

from . import (
    actions,
    add_miner,
    away_actions,
    chart_views,
    downloads,
    installed,
    miner_actions,
    miner_page,
    safety,
    sensor_actions,
    setup,
    setup_miners,
    sign_in,
    target_actions,
    views,
    week_editor,
)
from .page import staff_only


def for_staff(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
    """An address of the set-up: what adds, removes or changes anything of how a home is set up."""
    return path(route, staff_only(view), name=name)


urlpatterns = [
    path("", views.home, name="home"),
    path("manifest.webmanifest", installed.manifest, name="manifest"),
    path("favicon.ico", installed.favicon, name="favicon"),
    path("zones/<uuid:zone_id>/", views.zone, name="zone"),
    path("zones/<uuid:zone_id>/chart.json", chart_views.zone_chart, name="zone-chart"),
    path("zones/<uuid:zone_id>/history.csv", downloads.zone_history, name="zone-history"),
    path("zones/<uuid:zone_id>/week/", week_editor.week_page, name="week"),
    path("zones/<uuid:zone_id>/week/save/", week_editor.save_week, name="week-save"),
    path("sites/<uuid:site_id>/pulse/", views.pulse, name="pulse"),
    path("energy/", views.energy, name="energy"),
    path("energy/<uuid:source_id>/chart.json", chart_views.energy_chart, name="energy-chart"),
    path("miners/", views.miners, name="miners"),
    path("miners/<uuid:miner_id>/", miner_page.miner, name="miner"),
    path("miners/<uuid:miner_id>/history.csv", downloads.miner_history, name="miner-history"),
    path("miners/<uuid:miner_id>/chart.json", chart_views.miner_chart, name="miner-chart"),
    path("policies/", views.policies, name="policies"),
    path("activity/", views.activity, name="activity"),
    path("safety/", safety.safety, name="safety"),
    path("sites/<uuid:site_id>/", views.show_site, name="show-site"),
    # wishes
    path("sensors/<uuid:monitor_id>/confirm/", sensor_actions.confirm_value, name="confirm-value"),
    path("zones/<uuid:zone_id>/target/", target_actions.target, name="target"),
    path("zones/<uuid:zone_id>/target/resume/", target_actions.target_resume, name="target-resume"),
    path("zones/<uuid:zone_id>/target/undo/", target_actions.target_undo, name="target-undo"),
    path("sites/<uuid:site_id>/away/", away_actions.away_start, name="away-start"),
    path("away/<uuid:period_id>/end/", away_actions.away_end, name="away-end"),
    path("away/<uuid:period_id>/undo/", away_actions.away_undo, name="away-undo"),
    path("away/<uuid:period_id>/resume/", away_actions.away_resume, name="away-resume"),
    path("miners/<uuid:miner_id>/off/", miner_actions.miner_off, name="miner-off"),
    path("miners/<uuid:miner_id>/on/", miner_actions.miner_on, name="miner-on"),
    path("miners/<uuid:miner_id>/resume/", miner_actions.miner_resume, name="miner-resume"),
    path("sites/<uuid:site_id>/all-off/", actions.all_off, name="all-off"),
    path("sites/<uuid:site_id>/resume-all/", actions.resume_all, name="resume-all"),
    path("held/<slug:order_id>/withdraw/", actions.withdraw, name="withdraw"),
    path("all-off/", actions.all_homes_off, name="all-homes-off"),
    path("resume-all/", actions.resume_all_homes, name="resume-all-homes"),
    for_staff("sites/<uuid:site_id>/remove-demo/", actions.remove_demo, name="remove-demo"),
    for_staff("look-around/", actions.look_around, name="look-around"),
    for_staff("sensors/<uuid:monitor_id>/age-limit/", actions.age_limit, name="age-limit"),
    path("alarms/<uuid:alarm_id>/acknowledge/", actions.acknowledge, name="acknowledge"),
    # the wizard: a home to be, rooms and miners of one that is there
    for_staff("setup/", setup.connect, name="setup"),
    for_staff("setup/connection/", setup.connection, name="setup-connection"),
    for_staff("setup/rooms/", setup.rooms, name="setup-rooms"),
    for_staff("setup/miners/", setup_miners.miners, name="setup-miners"),
    for_staff("setup/energy/", setup.energy, name="setup-energy"),
    for_staff("setup/meters/", setup.meters, name="setup-meters"),
    for_staff("setup/finish/", setup.finish, name="setup-finish"),
    for_staff("setup/discard/", setup.discard, name="setup-discard"),
    for_staff("rooms/add/", setup_miners.add_room, name="add-room"),
    for_staff("miners/add/", setup_miners.add_miner, name="add-miner"),
    for_staff("miners/add/found/", add_miner.found, name="add-miner-found"),
    for_staff("miners/add/open/", add_miner.open_device, name="add-miner-open"),
    for_staff("miners/add/settings/", add_miner.settings, name="add-miner-settings"),
    # signing in and out
    path("sign-in/", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-in/<str:token>/", sign_in.sign_in_link, name="sign-in-link"),
    path("not-allowed/", sign_in.not_allowed, name="not-allowed"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
]
