-- Who answers logins from memory hears of a change with its COMMIT, not only when the event log has given it a position. Of what
-- a session's beginning or counting writes (`device_id`) nobody need hear.
create function network.tell_access_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('dotmac_access', new.service_id);
  return null;
end $$;
create trigger access_changed after update of username, password, mode, locks, shaping, throttle, override, cap_blocked,
  closed_at, pool_id, static_ipv6_prefix, static_delegated_prefix, simultaneous_sessions, mac_limit, macs, nas_ids, port_ids,
  circuit_ids, kick_oldest, terms, terms_ended
  on network.access for each row execute function network.tell_access_changed();
