"""A gateway of Alipay's kind with keys of its own: it checks what is sent to it, and signs what it answers."""

import io
import json
import zipfile
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from engine.services.payments.alipay import AlipayConfig

DAY = datetime(2026, 11, 20, tzinfo=UTC)


@cache
def make_key(name: str) -> rsa.RSAPrivateKey:
    """A key of its own for each name."""
    return rsa.generate_private_key(65537, 2048)


def certify(name: str) -> str:
    """A certificate of that key, signed by itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.COUNTRY_NAME, "CN")])
    builder = x509.CertificateBuilder(subject, subject, make_key(name).public_key(), 1, DAY, DAY + timedelta(days=9))
    return builder.sign(make_key(name), hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def sign(name: str, text: str) -> str:
    return b64encode(make_key(name).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


@cache
def config() -> AlipayConfig:
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    key = make_key("app").private_bytes(*pem).decode()
    certificates = (certify("app"), certify("alipay"), certify("root"))
    return AlipayConfig("2026", "https://shop.example/payments/notice", key, *certificates)


class Gateway:
    """Alipay: checks the signature of a request, and signs what `answers` says to its method."""

    def __init__(self, signer: str = "alipay") -> None:
        self.signer = signer
        self.answers: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.bills: dict[str, bytes] = {}

    def __call__(self, url: str) -> bytes:
        if url in self.bills:
            return self.bills[url]
        sent = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        given = sent.pop("sign")
        text = "&".join(f"{name}={sent[name]}" for name in sorted(sent))
        signature = b64decode(given)
        make_key("app").public_key().verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
        assert sent["app_id"] == "2026"
        method, content = sent["method"], json.loads(sent["biz_content"])
        self.asked.append((method, content))
        answer = json.dumps({"code": "10000", "msg": "Success"} | self.answers[method], ensure_ascii=False)
        name = method.replace(".", "_") + "_response"
        return f'{{"{name}":{answer},"sign":"{sign(self.signer, answer)}"}}'.encode()

    def pack(self, kind: str, headings: str, *rows: str) -> None:
        """A bill to download."""
        content, file = io.BytesIO(), "\n".join(["#支付宝", headings, *rows, "#结束"])
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("业务明细.csv", file.encode("gb18030"))
            archive.writestr("业务明细(汇总).csv", "#".encode("gb18030"))
        self.bills[f"https://bill.example/{kind}"] = content.getvalue()


def sign_notice(told: dict[str, str], signer: str = "alipay") -> dict[str, str]:
    """A notice as the gateway would send it."""
    text = "&".join(f"{name}={told[name]}" for name in sorted(told))
    return told | {"sign": sign(signer, text), "sign_type": "RSA2"}
