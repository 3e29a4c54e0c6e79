-- Home servers over TLS (RFC 6614): who they must be, and what we show them.
alter table network.home_server
  add column transport text not null default 'UDP' check (transport in ('UDP', 'RADSEC')),
  -- The name that the server's certificate must carry; null: its address.
  add column server_name text,
  -- PEM: who signs the server's certificate.
  add column authorities text,
  -- PEM: our certificate with its chain, and its key, sealed.
  add column certificate text,
  add column private_key bytea,
  add constraint home_server_tls check ((transport = 'UDP') = (authorities is null)
    and (transport = 'UDP') = (certificate is null) and (transport = 'UDP') = (private_key is null));
