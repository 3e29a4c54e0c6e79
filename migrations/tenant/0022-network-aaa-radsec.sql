-- RADIUS over TLS (RFC 6614): what the server shows its NASes, and whom it trusts. One row at most.
create table network.radsec (
  one_row boolean primary key default true check (one_row),
  enabled boolean not null,
  -- PEM: the server's certificate with its chain.
  certificate text not null,
  -- Sealed.
  private_key bytea not null,
  -- PEM: who signs the certificates of NASes.
  authorities text not null,
  -- PEM: what those have revoked.
  revocations text,
  updated_at timestamptz not null
);

-- Over TLS a NAS is known by its certificate, wherever it comes from; it may have no address that is worth knowing.
alter table network.nas
  alter column source_address drop not null,
  add column certificate_name text unique check (certificate_name = lower(certificate_name) and length(certificate_name) between 1 and 253),
  -- SHA-256.
  add column certificate_fingerprint text unique check (certificate_fingerprint ~ '^([0-9A-F]{2}:){31}[0-9A-F]{2}$'),
  add constraint nas_one_certificate check (num_nonnulls(certificate_name, certificate_fingerprint) <= 1),
  add constraint nas_known check (num_nonnulls(source_address, certificate_name, certificate_fingerprint) > 0);
