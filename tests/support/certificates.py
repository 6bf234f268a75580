# SPDX-License-Identifier: Apache-2.0
"""A certificate authority of our own, server certificates that it signs, and signers of images, made with openssl."""
import base64
import pathlib
import subprocess
import tempfile
import uuid


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL, capture_output=True)


class Authority:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.certificate, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=Sluice test authority", "-keyout", self.key, "-out", self.certificate)

    def issue(self, name, alternatives, days=2):
        """(certificate, key) for a server; `alternatives` such as "IP:127.0.0.1" or "DNS:localhost"."""
        key, request, certificate = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternatives}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-days", days, "-extfile", extensions, "-out", certificate)
        return str(certificate), str(key)


class Signer:
    """A key of the kind that Glance's property names, and a certificate over it."""

    def __init__(self, folder, name, kind, days=2, authority=None):
        self.id, self.kind = str(uuid.uuid4()), kind
        self.key, self.certificate = folder / f"{name}.key", folder / f"{name}.pem"
        if kind == "RSA-PSS":
            openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.key)
        else:
            curve = kind.removeprefix("ECC_").lower()
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-out", self.key)
        request = folder / f"{name}.csr"
        openssl("req", "-new", "-key", self.key, "-subj", f"/CN={name}", "-out", request)
        issuer = ("-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial") if authority else \
            ("-signkey", self.key)
        openssl("x509", "-req", "-in", request, *issuer, "-days", days, "-out", self.certificate)

    def properties(self, content, method="SHA-256"):
        """As `openstack image create --sign-key-path` would set them."""
        pss = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:max") if self.kind == "RSA-PSS" else ()
        with tempfile.NamedTemporaryFile() as data:
            data.write(content)
            data.flush()
            made = subprocess.run(["openssl", "dgst", "-" + method.replace("-", "").lower(), "-sign", self.key, *pss,
                                   data.name], check=True, capture_output=True).stdout
        return {"img_signature": base64.encodebytes(made).decode(), "img_signature_hash_method": method,
                "img_signature_key_type": self.kind, "img_signature_certificate_uuid": self.id}

    def der(self):
        """The certificate as key managers hold it."""
        return subprocess.run(["openssl", "x509", "-in", self.certificate, "-outform", "DER"], check=True,
                              capture_output=True).stdout
