from salon_relay.main import main

main()
