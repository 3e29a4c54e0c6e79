-- Who answers logins from memory hears of what decides over a service's access with the COMMIT that says it, before any row of
-- the network follows: when the database is gone in the next moment, nobody suspended is admitted meanwhile.
create function network.tell_access_foretold() returns trigger language plpgsql as $$
begin
  perform pg_notify('dotmac_access_foretold', json_build_object(
    'type', new.type, 'serviceId', new.payload->>'serviceId', 'locks', new.payload->'locks', 'state', new.payload->>'state')::text);
  return null;
end $$;
create trigger access_foretold after insert on events.event for each row
  when (new.type in ('service.locks.changed', 'service.cancelled', 'usage.allowance.changed'))
  execute function network.tell_access_foretold();
