/** The unit that install.sh makes. */
export const SERVICE_UNIT = 'kuma-supervisor-push.service'
