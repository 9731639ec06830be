"""No secret in an address: it is shown on pages, in the API and in errors."""

import pytest
from django.core.exceptions import ValidationError

from integrations.models import HomeAssistant


@pytest.mark.parametrize(
    "url", ["http://ann:hunter2@ha.local:8123", "https://ann@ha.local", "http://:hunter2@10.0.0.2/"]
)
def test_a_user_or_password_in_the_address_is_refused_without_repeating_it(home, url):
    with pytest.raises(ValidationError) as caught:
        HomeAssistant(site=home, url=url, token="t").full_clean()
    assert list(caught.value.message_dict) == ["url"]
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://homeassistant.local:8123", "https://ha.example.org/a@b", "http://[fd00::2]:8123"]
)
def test_an_ordinary_address_is_taken(home, url):
    HomeAssistant(site=home, url=url, token="t").full_clean()


def test_an_address_that_is_none_is_refused_with_words(home):
    with pytest.raises(ValidationError) as caught:
        HomeAssistant(site=home, url="http://[::1", token="t").full_clean()
    assert list(caught.value.message_dict) == ["url"]
