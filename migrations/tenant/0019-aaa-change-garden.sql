-- What the walled garden of a change gives beside the vendor's own: the change that leads out of it must know what to take back.
alter table network.access_change add column garden jsonb;
