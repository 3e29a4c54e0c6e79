-- A payer gets one letter for the invoices of others that a run lists for him.
alter table billing.mail drop constraint mail_kind_check;
alter table billing.mail add constraint mail_kind_check
  check (kind in ('invoice', 'summary', 'receipt', 'paymentFailed', 'reminder', 'statement', 'lowBalance',
    'trialEnding'));
