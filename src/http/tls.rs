//! TLS of the server's own: a certificate and a key in files, which are looked at every ten seconds.
//!
//! Files that changed and fit are used for new connections. Those that do not fit leave the ones before in use, and the
//! log says why.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The maximum size of a file, in bytes.
const MOST: u64 = 1024 * 1024;

/// The certificate and the key in use.
#[derive(Debug)]
pub struct Tls {
    cert: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    /// The files as they were read last, whether they fit or not.
    read: Mutex<Option<Files>>,
}

/// What is in the files.
#[derive(Clone, PartialEq, Eq)]
struct Files {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").finish_non_exhaustive()
    }
}

/// Gives each new connection the certificate in use.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Tls {
    /// Reads the certificate, with its chain, and its key from PEM files.
    ///
    /// # Errors
    /// When a file cannot be read, or the files do not fit: one sentence that says what to do.
    pub fn read(cert: &Path, key: &Path) -> anyhow::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let files = Files { cert: bytes("cert", cert)?, key: bytes("key", key)? };
        let certified = files.certified(cert, key, &provider)?;
        let current = Arc::new(Current(RwLock::new(Arc::new(certified))));
        Ok(Tls { cert: cert.to_owned(), key: key.to_owned(), provider, current, read: Mutex::new(Some(files)) })
    }

    /// The configuration of a listener: TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// Never, as long as the provider has ciphers for both.
    pub fn config(&self) -> anyhow::Result<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(self.provider.clone());
        let builder = builder.with_protocol_versions(&[&TLS13, &TLS12]).context("TLS has no ciphers")?;
        Ok(builder.with_no_client_auth().with_cert_resolver(self.current.clone()))
    }

    /// Looks at the files again and again.
    pub(super) async fn keep(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match self.look() {
                Ok(false) => {}
                Ok(true) => tracing::info!("the TLS certificate has changed: new connections get the new one"),
                Err(error) => tracing::error!("the TLS files have changed, and the old ones stay in use: {error:#}"),
            }
        }
    }

    /// Takes the files up when they changed and fit. The result is whether they did. The same files that do not fit are
    /// an error once.
    fn look(&self) -> anyhow::Result<bool> {
        let files = bytes("cert", &self.cert).and_then(|cert| Ok(Files { cert, key: bytes("key", &self.key)? }));
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let files = match files {
            Ok(files) if read.as_ref() == Some(&files) => return Ok(false),
            Ok(files) => files,
            // Said once, until they can be read again.
            Err(_) if read.is_none() => return Ok(false),
            Err(error) => {
                *read = None;
                return Err(error);
            }
        };
        *read = Some(files.clone());
        drop(read);
        let certified = files.certified(&self.cert, &self.key, &self.provider)?;
        let mut current = self.current.0.write().unwrap_or_else(PoisonError::into_inner);
        // Files that were away for a while may be the same.
        if current.cert == certified.cert {
            return Ok(false);
        }
        *current = Arc::new(certified);
        Ok(true)
    }
}

impl Files {
    fn certified(&self, cert: &Path, key: &Path, provider: &CryptoProvider) -> anyhow::Result<CertifiedKey> {
        let (cert, key) = (cert.display(), key.display());
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&self.cert).collect::<Result<_, _>>().map_err(|_| {
            anyhow!("server.tls.cert: {cert} is not a PEM file: give one that begins with -----BEGIN CERTIFICATE-----")
        })?;
        if chain.is_empty() {
            bail!(
                "server.tls.cert: {cert} has no certificate: give the server's own, then those between \
                 it and the authority"
            );
        }
        let secret = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| {
            anyhow!(
                "server.tls.key: {key} has no private key without a password: give one in PEM, \
                 -----BEGIN PRIVATE KEY-----"
            )
        })?;
        let secret = provider.key_provider.load_private_key(secret).map_err(|_| {
            anyhow!("server.tls.key: {key} is a key of another kind: use RSA, ECDSA with P-256 or P-384, or Ed25519")
        })?;
        let certified = CertifiedKey::new(chain, secret);
        match certified.keys_match() {
            Ok(()) => Ok(certified),
            Err(rustls::Error::InconsistentKeys(_)) => {
                bail!(
                    "server.tls: the key {key} is not that of the first certificate in {cert}: give the two \
                     files of one certificate"
                )
            }
            Err(_) => bail!(
                "server.tls.cert: {cert} has a first certificate that cannot be read: ask its authority for it again"
            ),
        }
    }
}

/// The bytes of a file.
fn bytes(name: &str, path: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let bad = |reason: &dyn fmt::Display| {
        anyhow!(
            "server.tls.{name}: {shown} cannot be read ({reason}): give the path of a PEM file that this user may read"
        )
    };
    let found = std::fs::metadata(path).map_err(|error| bad(&error))?;
    if !found.is_file() || found.len() > MOST {
        return Err(bad(&"it is no file of at most 1 MB"));
    }
    std::fs::read(path).map_err(|error| bad(&error))
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::{Read, Write};

    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, ServerConnection, SignatureScheme};
    use rustls::{SupportedProtocolVersion, crypto};

    use super::*;

    pub(in crate::http) const ONE: &str = include_str!("../../tests/tls/one.pem");
    pub(in crate::http) const ONE_KEY: &str = include_str!("../../tests/tls/one.key");
    const TWO: &str = include_str!("../../tests/tls/two.pem");
    const TWO_KEY: &str = include_str!("../../tests/tls/two.key");
    /// The key of `one`, with a password.
    const ENCRYPTED: &str = include_str!("../../tests/tls/encrypted.key");

    pub(in crate::http) struct Folder(tempfile::TempDir);

    impl Folder {
        pub(in crate::http) fn with(cert: &str, key: &str) -> Self {
            let folder = Folder(tempfile::tempdir().expect("a folder"));
            folder.write("cert.pem", cert);
            folder.write("key.pem", key);
            folder
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.path(name), text).expect("written");
        }

        pub(in crate::http) fn read(&self) -> anyhow::Result<Tls> {
            Tls::read(&self.path("cert.pem"), &self.path("key.pem"))
        }
    }

    fn of(pem: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")
    }

    /// Trusts one certificate alone, and checks that the server has its key.
    #[derive(Debug)]
    struct Pinned(CertificateDer<'static>);

    impl ServerCertVerifier for Pinned {
        fn verify_server_cert(
            &self,
            given: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, rustls::Error> {
            match *given == self.0 {
                true => Ok(ServerCertVerified::assertion()),
                false => Err(rustls::Error::General("another certificate".to_owned())),
            }
        }
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            let known = ring::default_provider().signature_verification_algorithms;
            crypto::verify_tls12_signature(message, cert, signed, &known)
        }
        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            let known = ring::default_provider().signature_verification_algorithms;
            crypto::verify_tls13_signature(message, cert, signed, &known)
        }
        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            ring::default_provider().signature_verification_algorithms.supported_schemes()
        }
    }

    /// A client that trusts this certificate.
    pub(in crate::http) fn client(cert: &str, version: &'static SupportedProtocolVersion) -> ClientConnection {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .expect("ciphers")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinned(of(cert))))
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        ClientConnection::new(Arc::new(config), name).expect("a client")
    }

    /// A handshake of a client that trusts this certificate, and a line over the connection.
    fn shakes_hands(tls: &Tls, cert: &str, version: &'static SupportedProtocolVersion) -> bool {
        let mut client = client(cert, version);
        let mut server = ServerConnection::new(Arc::new(tls.config().expect("a configuration"))).expect("a server");
        for _ in 0..10 {
            let mut bytes = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut bytes).expect("written");
            }
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                server.read_tls(&mut rest).expect("read");
                if server.process_new_packets().is_err() {
                    return false;
                }
            }
            let mut bytes = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut bytes).expect("written");
            }
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                client.read_tls(&mut rest).expect("read");
                if client.process_new_packets().is_err() {
                    return false;
                }
            }
        }
        assert!(!client.is_handshaking() && !server.is_handshaking());
        client.writer().write_all(b"hello").expect("written");
        let (mut bytes, mut heard) = (Vec::new(), [0; 5]);
        client.write_tls(&mut bytes).expect("written");
        server.read_tls(&mut &bytes[..]).expect("read");
        server.process_new_packets().expect("a record");
        server.reader().read_exact(&mut heard).expect("a line");
        &heard == b"hello"
    }

    #[test]
    fn tls_1_2_and_1_3_are_spoken_and_plain_http_is_not() {
        let tls = Folder::with(ONE, ONE_KEY).read().expect("files that fit");
        for version in [&TLS12, &TLS13] {
            assert!(shakes_hands(&tls, ONE, version), "{version:?}");
            assert!(!shakes_hands(&tls, TWO, version), "another certificate");
        }
        let mut server = ServerConnection::new(Arc::new(tls.config().expect("a configuration"))).expect("a server");
        server.read_tls(&mut &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..]).expect("read");
        assert!(server.process_new_packets().is_err());
        // The first message of TLS 1.1 (its number is 3.2): 32 random bytes, no session, one cipher, no compression, and
        // the signature algorithms, without which it would be refused for another reason.
        let mut hello: Vec<u8> = vec![3, 2];
        hello.extend([7; 32]);
        hello.extend([0, 0, 2, 0xc0, 0x13, 1, 0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3]);
        let length = hello.len() as u8;
        let mut record: Vec<u8> = vec![0x16, 3, 1, 0, length + 4, 1, 0, 0, length];
        record.extend(hello);
        let mut server = ServerConnection::new(Arc::new(tls.config().expect("a configuration"))).expect("a server");
        server.read_tls(&mut &record[..]).expect("read");
        let error = server.process_new_packets().expect_err("too old").to_string();
        assert!(error.contains("Tls12NotOffered"), "{error}");
    }

    #[test]
    fn files_that_do_not_fit_are_one_sentence_that_says_what_to_do() {
        let swapped = format!("{TWO}{ONE}");
        for (cert, key, sentence) in [
            ("", ONE_KEY, "cert.pem has no certificate: give the server's own"),
            ("no PEM", ONE_KEY, "cert.pem has no certificate: give the server's own"),
            ("-----BEGIN CERTIFICATE-----\n!", ONE_KEY, "cert.pem is not a PEM file: give one"),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                ONE_KEY,
                "cert.pem has a first certificate that cannot be read: ask",
            ),
            (ONE, "", "key.pem has no private key without a password: give one in PEM"),
            (ONE, ENCRYPTED, "key.pem has no private key without a password: give one in PEM"),
            (ONE, ONE, "key.pem has no private key without a password: give one in PEM"),
            (
                ONE,
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                "key.pem is a key of another kind: use RSA",
            ),
            (ONE, TWO_KEY, "is not that of the first certificate in"),
            (swapped.as_str(), ONE_KEY, "is not that of the first certificate in"),
        ] {
            let error = Folder::with(cert, key).read().expect_err(sentence).to_string();
            assert!(error.starts_with("server.tls") && error.contains(sentence), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
        assert!(Folder::with(&format!("{ONE}{TWO}"), ONE_KEY).read().is_ok(), "with a chain");
        let folder = Folder::with(ONE, ONE_KEY);
        let missing = Tls::read(&folder.path("none.pem"), &folder.path("key.pem")).expect_err("no file").to_string();
        assert!(missing.contains("none.pem cannot be read (No such file"), "{missing}");
        let directory = Tls::read(&folder.path("cert.pem"), &folder.path("")).expect_err("a folder").to_string();
        assert!(directory.contains("it is no file of at most 1 MB"), "{directory}");
    }

    #[test]
    fn files_that_changed_are_taken_up_when_they_fit_and_else_the_old_ones_stay() {
        let folder = Folder::with(ONE, ONE_KEY);
        let tls = folder.read().expect("files that fit");
        assert!(!tls.look().expect("unchanged"));
        // Half of a change.
        folder.write("cert.pem", TWO);
        let error = tls.look().expect_err("not a pair").to_string();
        assert!(error.contains("is not that of the first certificate"), "{error}");
        assert!(!tls.look().expect("said already"));
        assert!(shakes_hands(&tls, ONE, &TLS13) && !shakes_hands(&tls, TWO, &TLS13), "the old one stays");
        folder.write("key.pem", TWO_KEY);
        assert!(tls.look().expect("a pair"));
        assert!(shakes_hands(&tls, TWO, &TLS13) && !shakes_hands(&tls, ONE, &TLS13), "the new one");
        std::fs::remove_file(folder.path("key.pem")).expect("removed");
        assert!(tls.look().is_err());
        assert!(!tls.look().expect("said already"));
        assert!(shakes_hands(&tls, TWO, &TLS12));
        folder.write("key.pem", TWO_KEY);
        assert!(!tls.look().expect("the same again"));
        folder.write("cert.pem", ONE);
        folder.write("key.pem", ONE_KEY);
        assert!(tls.look().expect("a pair"));
        assert!(shakes_hands(&tls, ONE, &TLS12));
    }

    #[test]
    fn a_key_is_not_shown() {
        let tls = Folder::with(ONE, ONE_KEY).read().expect("files that fit");
        let shown = format!("{tls:?}");
        assert!(!shown.contains("45, 45, 45, 45, 45") && !shown.contains("PRIVATE"), "{shown}");
    }
}
