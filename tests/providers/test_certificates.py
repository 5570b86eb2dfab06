"""The certificates that are trusted: read once, and anew when they are others."""

import shutil
import ssl
from concurrent.futures import ThreadPoolExecutor

import certifi
import pytest

from slop_qt.providers.certificates import trusted_context


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """A file of certificates, which the environment names."""
    copied = tmp_path / "company.pem"
    shutil.copyfile(certifi.where(), copied)
    monkeypatch.setenv("SSL_CERT_FILE", str(copied))
    return copied


def test_many_threads_get_one_context_that_verifies(bundle):
    with ThreadPoolExecutor(8) as pool:
        contexts = list(pool.map(lambda _: trusted_context(), range(64)))
    assert len(set(map(id, contexts))) == 1
    assert contexts[0].verify_mode is ssl.CERT_REQUIRED
    assert contexts[0].check_hostname
    assert contexts[0].get_ca_certs()


def test_another_file_is_read(bundle, monkeypatch):
    before = trusted_context()
    monkeypatch.setenv("SSL_CERT_FILE", str(shutil.copyfile(bundle, bundle.with_name("other.pem"))))
    assert trusted_context() is not before


def test_a_certificate_that_was_added_is_trusted(bundle):
    text = bundle.read_text()
    end = "-----END CERTIFICATE-----\n"
    first, rest = text.split(end, 1)
    bundle.write_text(first + end)
    assert len(trusted_context().get_ca_certs()) == 1
    second = rest.split(end, 1)[0] + end
    other = bundle.with_name("new.pem")
    other.write_text(first + end + second)
    other.replace(bundle)
    assert len(trusted_context().get_ca_certs()) == 2


def test_a_file_that_is_gone_is_said_and_not_what_was_read_before(bundle):
    trusted_context()
    bundle.unlink()
    with pytest.raises(FileNotFoundError):
        trusted_context()
