"""td-client's calls with this command's own patience and words. The one place where HTTP happens."""

import json
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import closing
from json import dumps
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from tdclient.api import API
from tdclient.types import StreamBody
from tdclient.util import create_url
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError, SSLError

from linecapi.problems import Problem, Refused, Unanswered
from linecapi.settings import Settings

PAUSES = (1.0, 2.0)  # seconds before a question is put again; what changes something is sent once
SECONDS = {"GET": 60, "POST": 120, "PUT": 600}  # an import is answered when its rows are stored
HINTS = {
    401: "Check the key in TD_API_KEY, or give another with -k.",
    403: "Use the key of somebody who may, or ask an admin.",
}
for library in ("tdclient", "urllib3"):
    logging.getLogger(library).addHandler(logging.NullHandler())  # or Python prints their warnings


class Service(API):
    """The server. Its methods are td-client's; what fails is a Problem."""

    def __init__(self, settings: Settings, sleep: Callable[[float], None]) -> None:
        trusted: dict[str, Any] = {"ca_certs": path} if (path := os.environ.get("SSL_CERT_FILE")) else {}
        super().__init__(settings.apikey, endpoint=settings.endpoint, retries=False, **trusted)
        self.sleep = sleep

    def read(self, path: str, needs: str, params: Mapping[str, Any] | None = None, **names: Any) -> dict[str, Any]:
        """The JSON of a GET, as it is; `needs`: the key it must have."""
        with self.get(create_url(path, **names), dict(params or {})) as response:
            return self._json(response, needs)

    def send(self, path: str, needs: str, params: Mapping[str, Any] | None = None, **names: Any) -> dict[str, Any]:
        """The JSON of a POST."""
        with self.post(create_url(path, **names), dict(params or {})) as response:
            return self._json(response, needs)

    def ask(
        self,
        method: str,
        path: str,
        *,
        given: Mapping[str, Any] | None = None,
        data: bytes | None = None,
        json: Mapping[str, Any] | None = None,
        **names: Any,
    ) -> bytes:
        """What a call of the workflow API answers. `given`: parameters in the address; the body: `data` or `json`."""
        known = {name: str(value) for name, value in (given or {}).items() if value is not None}
        body = data if json is None else dumps(json).encode()
        kind = "application/gzip" if json is None else "application/json"
        url, headers = self.build_request(f"{create_url(path, **names)}{'?' if known else ''}{urlencode(known)}")
        headers |= {"content-type": kind} if body is not None else {}
        answer = self.send_request(method, url, body=body, headers=headers, preload_content=False, decode_content=True)
        with closing(answer) as response:
            content: bytes = response.read()
            if response.status != 200:
                self.raise_error("", response, content)
            return content

    def workflow(self, method: str, path: str, needs: str, **how: Any) -> dict[str, Any]:
        """The same as JSON; `needs`: the key it must have."""
        return self.checked_json(self.ask(method, path, **how), [needs])

    def _json(self, response: urllib3.BaseHTTPResponse, needs: str) -> dict[str, Any]:
        body = response.read()
        if response.status != 200:
            self.raise_error("", response, body)
        return self.checked_json(body, [needs])

    def send_request(
        self,
        method: str,
        url: str,
        fields: dict[str, Any] | None = None,
        body: StreamBody = None,
        headers: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> urllib3.BaseHTTPResponse:
        """One request of td-client's. A question without an answer is put again; other calls are not."""
        kwargs["timeout"] = urllib3.Timeout(connect=10, read=SECONDS.get(method, 60))
        for pause in PAUSES if method == "GET" else ():
            try:
                return self._once(method, url, fields, body, headers, **kwargs)
            except Unanswered:
                self.sleep(pause)
        return self._once(method, url, fields, body, headers, **kwargs)

    def _once(self, method: str, url: str, *arguments: Any, **kwargs: Any) -> urllib3.BaseHTTPResponse:
        try:
            response = super().send_request(method, url, *arguments, **kwargs)
        except (HTTPError, OSError) as error:
            raise _unreachable(error, self.endpoint.rstrip("/"), changes=method != "GET") from error
        if response.status >= 500 or response.status == 429:
            raise Unanswered(f"{_says(response, response.data)} Try again later. (HTTP {response.status})")
        if 300 <= response.status < 400:
            there = urlsplit(response.headers.get("Location") or "")
            raise Problem(f"{self.endpoint} leads to {there.scheme}://{there.netloc}: give that as the endpoint.")
        return response

    def raise_error(self, msg: str, res: urllib3.BaseHTTPResponse, body: bytes | str) -> None:
        """Raises Refused with what the server says."""
        body = body or res.read()
        says = [_says(res, body), HINTS.get(res.status, "")]
        if conflict := _details(body).get("conflicts_with"):
            says.append(f"Job {conflict} has that domain key: linecapi job:show {conflict}")
        raise Refused(res.status, " ".join(says), _details(body))

    def _init_http(self, http_proxy: str | None = None, **kwargs: Any) -> urllib3.PoolManager | urllib3.ProxyManager:
        """By way of the proxy that the environment names for this address, also for https, but for NO_PROXY."""
        address = urlsplit(self.endpoint)
        proxy = getproxies().get(address.scheme)
        if proxy and not proxy_bypass(address.netloc):
            return self._init_http_proxy(proxy if "://" in proxy else f"http://{proxy}", **kwargs)
        return urllib3.PoolManager(**kwargs)


def _unreachable(error: Exception, endpoint: str, *, changes: bool) -> Problem:
    if isinstance(error, NameResolutionError):
        return Unanswered(f"The host of {endpoint} is not known. Check the endpoint.")
    if isinstance(error, SSLError):
        return Problem(
            f"No TLS connection to {endpoint}: {error}. A certificate authority of your own goes into SSL_CERT_FILE."
        )
    if isinstance(error, NewConnectionError | ConnectTimeoutError):
        return Unanswered(f"{endpoint} cannot be reached. Check the endpoint, and that the server runs.")
    if changes:
        return Unanswered(f"{endpoint} gave no answer. It may have done it all the same: look before you repeat it.")
    return Unanswered(f"{endpoint} gave no answer. Try again later.")


def _says(response: urllib3.BaseHTTPResponse, body: bytes | str) -> str:
    answer = _object(body)
    text = str(answer.get("message") or answer.get("error") or "").strip()
    if not text:
        return f"The endpoint answers {response.status}, but not as the API does. Check the endpoint."
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _details(body: bytes | str) -> Mapping[str, Any]:
    details = _object(body).get("details")
    return details if isinstance(details, dict) else {}


def _object(body: bytes | str) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
