-- What was agreed and what was earned are followed by others, never changed: the database holds it, as it does for statements.
do $$
declare t text;
begin
  foreach t in array array['agreement', 'commission_entry'] loop
    execute format('create trigger append_only before update or delete on partners.%I for each row execute function partners.forbid_change()', t);
    execute format('create trigger keep before truncate on partners.%I for each statement execute function partners.forbid_change()', t);
  end loop;
end $$;
