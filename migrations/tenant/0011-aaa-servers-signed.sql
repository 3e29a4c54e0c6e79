alter table network.home_server
  -- Off only for a server that has not been mended after CVE-2024-3596: its replies are then believed unsigned.
  add column require_message_authenticator boolean not null default true;
