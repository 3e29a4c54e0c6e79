-- A secret that takes the place of another: since when, and until when the one before is accepted beside it.
alter table network.nas
  -- Null: it is the first.
  add column secret_since timestamptz,
  -- Null while there is one before: until somebody ends it.
  add column previous_secret_until timestamptz,
  add constraint nas_rotation_end check (previous_secret_until is null or previous_secret is not null);
update network.nas set secret_since = now() where previous_secret is not null;

-- With which of both the NAS was heard, since the one that this is about began to hold.
alter table network.nas_health
  add column secret_since timestamptz,
  add column secret_heard_at timestamptz,
  add column previous_secret_heard_at timestamptz;
