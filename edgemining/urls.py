from django.contrib import admin
from django.urls import include, path

from dashboard.sign_in import set_up_sign_in

from .api import api
from .health import healthz

handler500 = "edgemining.unavailable.handler500"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("admin/login/", set_up_sign_in),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("", include("dashboard.urls")),
]
