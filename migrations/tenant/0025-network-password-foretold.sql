-- A new password goes along, sealed as it is kept: who answers logins has it with the COMMIT, without a connection that must be
-- opened first and a row that must be read.
create or replace function network.tell_access_changed() returns trigger language plpgsql as $$
begin
  if new.password is distinct from old.password then
    perform pg_notify('dotmac_access_foretold', json_build_object(
      'type', 'access.password', 'serviceId', new.service_id, 'password', encode(new.password, 'base64'))::text);
  end if;
  perform pg_notify('dotmac_access', new.service_id);
  return null;
end $$;
