-- The EAP methods that the tenant's RADIUS server offers, and the certificate it shows in those that are tunnels. One row at most.
create table network.eap (
  one_row boolean primary key default true check (one_row),
  -- By preference.
  methods text[] not null,
  -- PEM: the server's certificate with its chain.
  certificate text,
  -- Sealed.
  private_key bytea,
  -- PEM: who signs the certificates of EAP-TLS clients.
  client_authorities text,
  updated_at timestamptz not null,
  check ((certificate is null) = (private_key is null))
);
